"""What stands beside a check of drift: F1 instability, references, what versions depend on, and when they went live."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Deployment, ModelVersion, RegisteredModel
from experiments.selectors.importance import ImportanceChange, importance_change, importance_distance
from monitoring.models import Check, Finding, Reference, Verdict
from monitoring.selectors.windows import Period

SHOWN_REFERENCES = 12
SHOWN_PARTS = 12
MOST_DEPLOYMENTS = 100
_OF_VERSION = ("version__major", "version__minor", "version__patch", "version__stage", "version__importance",
               "version__experiment")  # fmt: skip


@dataclass(frozen=True)
class InstabilityShown:
    """F1 of the last windows with labels: how much it swings (decision D5). Written by the check of quality."""

    at: dt.datetime
    verdict: Verdict
    cv: float | None
    threshold: float | None
    low: float | None
    high: float | None
    p_value: float | None
    noise_p_value: float | None
    n: int
    mean: float | None
    sd: float | None
    needed: int
    """Windows with labels from which on it is judged."""

    @property
    def tone(self) -> str:
        """Green is none, orange is detected (F164); grey is not judged."""
        if self.verdict == Verdict.NOT_ENOUGH:
            return "neutral"
        return "good" if self.verdict == Verdict.OK else "warning"

    @property
    def icon(self) -> str:
        return self.verdict.icon

    @property
    def word(self) -> str:
        if self.verdict == Verdict.NOT_ENOUGH:
            return "Not enough data"
        return "Stable" if self.verdict == Verdict.OK else "Unstable"


def instability_of(model: RegisteredModel, needed: int) -> InstabilityShown | None:
    """The newest there is: one query. None where no check of quality has it, such as of a model without F1."""
    rows = Finding.objects.select_related("check_of").filter(
        check_of__model=model, check_of__area=Check.Area.QUALITY, signal="f1_instability", statistic="cv"
    )
    row = rows.order_by("-check_of__at").first()
    if row is None:
        return None
    said: dict[str, Any] = row.detail
    return InstabilityShown(
        at=row.check_of.at,
        verdict=Verdict(row.verdict),
        cv=row.value,
        threshold=row.threshold,
        low=row.low,
        high=row.high,
        p_value=row.p_value,
        noise_p_value=said.get("noise_p_value"),
        n=said.get("n") or row.current_size or 0,
        mean=said.get("mean"),
        sd=said.get("sd"),
        needed=needed,
    )


@dataclass(frozen=True)
class Deployed:
    """Of champions, the newest first."""

    deployments: tuple[Deployment, ...]

    @property
    def live(self) -> ModelVersion | None:
        return next((one.version for one in self.deployments if one.ended_at is None), None)

    @property
    def before(self) -> ModelVersion | None:
        """The version that was live before the one that is."""
        live = self.live
        rest = (one.version for one in self.deployments if live is not None and one.version_id != live.pk)
        return next(rest, None)

    def within(self, chosen: Period) -> list[Deployment]:
        """Oldest first."""
        return [one for one in reversed(self.deployments) if chosen.start <= one.started_at < chosen.end]


def deployed(model: RegisteredModel) -> Deployed:
    """One query; versions bring their numbers and importance only."""
    rows = Deployment.objects.filter(model=model, role="champion").select_related("version").order_by("-started_at")
    kept = ("model", "role", "started_at", "ended_at", "version", "version__model", *_OF_VERSION)
    return Deployed(tuple(rows.only(*kept)[:MOST_DEPLOYMENTS]))


@dataclass(frozen=True)
class ImportanceDrift:
    """What the live version depends on against the one before it (F169, F199)."""

    live: ModelVersion
    before: ModelVersion
    changes: tuple[ImportanceChange, ...]
    distance: float | None
    """Half the sum of the absolute changes: 0 is alike, 1 nothing in common."""

    @property
    def more(self) -> int:
        return max(0, len(self.changes) - SHOWN_PARTS)

    @property
    def shown(self) -> Sequence[ImportanceChange]:
        return self.changes[:SHOWN_PARTS]


def importance_drift(found: Deployed) -> ImportanceDrift | None:
    """None where no version went before; without changes where the parts of one of the two are not known."""
    live, before = found.live, found.before
    if live is None or before is None:
        return None
    changes = tuple(importance_change(before, live))
    return ImportanceDrift(live, before, changes, importance_distance(before, live) if changes else None)


def references_of(version: ModelVersion | None) -> list[Reference]:
    """Of a version, the active one first, then the newest; without their bins. One query."""
    if version is None:
        return []
    rows = Reference.objects.filter(version=version).select_related("created_by").defer("profile")
    return list(rows.order_by("-active", "-created_at")[:SHOWN_REFERENCES])
