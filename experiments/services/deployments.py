"""Which version of a model is live, was live, and was live before that. Rows of Deployment are the answer.

A deployment holds from ``started_at`` on, up to but not including ``ended_at``: when one version takes over from
another both rows carry the same moment, so that every moment has exactly one champion and none has two.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils import timezone

from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage, StageChange
from mlopspro.accounts.models import User

_CHAMPION = Deployment.As.CHAMPION


def champion(model: RegisteredModel) -> ModelVersion | None:
    """The version in production; None where there is none."""
    return model.versions.filter(stage=Stage.PRODUCTION).first()


def challenger(model: RegisteredModel) -> ModelVersion | None:
    """The version that came to staging last."""
    return model.versions.filter(stage=Stage.STAGING).order_by("-stage_changed_at", "-pk").first()


def live_at(model: RegisteredModel, moment: dt.datetime) -> Deployment | None:
    """The champion's deployment at a moment; None where nothing was in production then. ``moment`` knows its zone."""
    if timezone.is_naive(moment):
        raise ValueError(f"moment: {moment.isoformat()} has no time zone; accepted: a time with one, such as +00:00")
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=moment)
    rows = Deployment.objects.filter(still, model=model, role=_CHAMPION, started_at__lte=moment)
    return rows.select_related("version__model", "started_by", "ended_by").first()


def former_champions(model: RegisteredModel) -> list[ModelVersion]:
    """Versions that a rollback can go back to, the nearest first, each once.

    Promotions are put on a pile and a rollback takes off what it went back behind, so that two rollbacks in a row go
    two promotions back and not there and back again. Versions that were rolled back from come after those.
    """
    rows = StageChange.objects.filter(version__model=model, to_stage=Stage.PRODUCTION).order_by("at", "pk")
    pile: list[ModelVersion] = []
    left: list[ModelVersion] = []
    for change in rows.select_related("version__model"):
        version = change.version
        if change.kind == StageChange.Kind.ROLLED_BACK and version in pile:
            while pile[-1] != version:
                left.append(pile.pop())
        else:
            pile.append(version)
    now = champion(model)
    ordered = [*reversed(pile), *reversed(left)]
    return [version for version in dict.fromkeys(ordered) if now is None or version.pk != now.pk]


def take_over(
    model: RegisteredModel, version: ModelVersion | None, *, at: dt.datetime, actor: User | None, reason: str
) -> dt.datetime:
    """Ends the champion's deployment and starts that of ``version`` (none: nothing is live) at one moment.

    Under the model's lock. The moment is ``at``, or the running deployment's start where the clock went back since.
    """
    running = Deployment.objects.filter(model=model, role=_CHAMPION, ended_at__isnull=True).first()
    moment = max(at, running.started_at) if running is not None else at
    if running is not None:
        running.ended_at, running.ended_by = moment, actor
        running.save(update_fields=["ended_at", "ended_by"])
    if version is not None:
        Deployment.objects.create(model=model, version=version, started_at=moment, started_by=actor, reason=reason)
    return moment
