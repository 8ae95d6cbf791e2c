"""How the users of a model are divided now, and who could answer beside the champion."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage
from experiments.services import traffic

MOST_WAITING = 50


@dataclass(frozen=True)
class Share:
    """A running deployment; ``share`` is what it has in truth, the champion's being what the others leave.

    ``left`` and ``width`` place its part of the bar, in percent; a shadow has none.
    """

    deployment: Deployment
    share: float
    left: float = 0.0
    width: float = 0.0

    @property
    def percent(self) -> str:
        """As it stands in a field: 12.5."""
        return f"{100 * self.share:.4g}"


@dataclass(frozen=True)
class Traffic:
    """``answering``: champion, challengers and interleaved; ``waiting``: versions in staging that answer nobody yet."""

    answering: tuple[Share, ...]
    shadows: tuple[Share, ...]
    waiting: tuple[ModelVersion, ...]

    @property
    def live(self) -> bool:
        return bool(self.answering)


def traffic_of(model: RegisteredModel) -> Traffic:
    """Two queries."""
    rows = sorted(traffic.running(model), key=lambda one: one.role != Deployment.As.CHAMPION)
    left = 0.0
    answering = []
    for one in rows:
        if one.role == traffic.SHADOW:
            continue
        share = traffic.champion_share(rows) if one.role == Deployment.As.CHAMPION else one.share
        answering.append(Share(one, share, round(100 * left, 3), round(100 * share, 3)))
        left += share
    busy = {one.version_id for one in rows}
    staged = model.versions.filter(stage=Stage.STAGING).select_related("model").defer("card")
    waiting = staged.exclude(pk__in=busy).order_by("-stage_changed_at")[:MOST_WAITING]
    shadows = tuple(Share(one, one.share) for one in rows if one.role == traffic.SHADOW)
    return Traffic(tuple(answering), shadows, tuple(waiting))
