"""How one model stands: the newest checks of all areas with what the four tiles say of them, and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings as site
from django.db.models import Q
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from monitoring.models import Alert, Check, Finding, MonitoringSettings, Source, Verdict
from monitoring.selectors.checks import Newest, newest
from monitoring.selectors.drift_words import title_of
from monitoring.selectors.traffic import deployments_in, last_minute
from monitoring.selectors.windows import Period
from monitoring.services import monitoring_settings
from monitoring.stats.advice import Advice, Facts, advise
from monitoring.stats.standing import Status, status_of

Area = Check.Area
LATE_AFTER_ROUNDS = 3
MOST_FINDINGS = 500
_WHOLE = (Area.QUALITY, Area.COST, Area.FRESHNESS)
"""Areas whose few findings are all read; of the others only those that are not well."""
SEGMENT_WORDS = {
    "new": "new users", "light": "light users", "heavy": "heavy users", "head": "popular items", "tail": "rare items",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A finding without its histograms."""

    area: str
    signal: str
    statistic: str
    value: float | None
    threshold: float | None
    size: int | None
    verdict: str
    title: str
    decides: bool

    @property
    def is_bad(self) -> bool:
        return self.verdict in (Verdict.WATCH, Verdict.ACT)

    @property
    def severity(self) -> tuple[bool, float]:
        """What is to be acted on first, then the furthest beyond its threshold."""
        beyond = self.value / self.threshold if self.value is not None and self.threshold else 0.0
        return self.verdict == Verdict.ACT, beyond

    @property
    def words(self) -> str:
        return self.title or title_of(self.signal)


@dataclass(frozen=True)
class Standing:
    """``begun``: deployments that began within the period, the newest last; ``last``: minute of the last prediction."""

    model: RegisteredModel
    settings: MonitoringSettings
    live: Deployment | None
    checks: Newest
    found: list[Found]
    begun: list[Deployment]
    before: Deployment | None
    last: dt.datetime | None
    open_alerts: int
    now: dt.datetime = field(default_factory=timezone.now)

    def check(self, area: str) -> Check | None:
        return self.checks.get(area)

    @property
    def quality(self) -> Check | None:
        return self.check(Area.QUALITY)

    @property
    def cost(self) -> Check | None:
        return self.check(Area.COST)

    @property
    def drift(self) -> Check | None:
        return self.check(Area.DRIFT)

    @property
    def data(self) -> Check | None:
        return self.check(Area.DATA)

    @property
    def freshness(self) -> Check | None:
        return self.check(Area.FRESHNESS)

    @property
    def status(self) -> Status:
        return status_of(self._verdict(Area.QUALITY), self._verdict(Area.FRESHNESS))

    @property
    def performance(self) -> float | None:
        """Share of the baseline; None where quality is not judged."""
        check = self.quality
        return check.score if check is not None and check.verdict != Verdict.NOT_ENOUGH else None

    @property
    def labels(self) -> int | None:
        """Answers that quality was judged by: those of its headline metric."""
        found = [one for one in self.of(Area.QUALITY) if one.statistic == "performance" and one.size is not None]
        return max((one.size or 0 for one in [one for one in found if one.decides] or found), default=None)

    @property
    def labels_missing(self) -> int | None:
        return None if self.labels is None else max(0, self.settings.minimum_labels - self.labels)

    @property
    def checked_at(self) -> dt.datetime | None:
        return max((one.at for one in self.checks.values()), default=None)

    @property
    def is_late(self) -> bool:
        """Whether the newest check is older than several rounds: what is said here may be behind."""
        limit = dt.timedelta(seconds=LATE_AFTER_ROUNDS * site.CHECK_SECONDS)
        return self.checked_at is not None and self.now - self.checked_at > limit

    @cached_property
    def moved(self) -> Found | None:
        """The signal that moved most."""
        return self._worst(Area.DRIFT)

    @cached_property
    def broken(self) -> Found | None:
        """The worst finding of data quality."""
        return self._worst(Area.DATA)

    def figure(self, area: str, signal: str) -> Found | None:
        return next((one for one in self.of(area) if one.signal == signal), None)

    @property
    def false_positives(self) -> Found | None:
        return self.figure(Area.COST, "fp_rate")

    @property
    def false_negatives(self) -> Found | None:
        return self.figure(Area.COST, "fn_rate")

    @property
    def best_length(self) -> Found | None:
        return self.figure(Area.COST, "best_length")

    @property
    def advice(self) -> Advice:
        return advise(self.facts)

    @property
    def facts(self) -> Facts:
        training = self.figure(Area.FRESHNESS, "freshness.training")
        better = self.best_length
        return Facts(
            is_live=self.live is not None,
            answers=self.last is not None,
            is_late=self.is_late,
            freshness=self._verdict(Area.FRESHNESS),
            quality=self._verdict(Area.QUALITY),
            cost=self._verdict(Area.COST),
            drift=self._verdict(Area.DRIFT),
            data=self._verdict(Area.DATA),
            labels=self.labels,
            labels_needed=self.settings.minimum_labels,
            segment=self._lone_segment(),
            moved=self.moved.words if self.moved else "",
            broken=self.broken.words if self.broken else "",
            best_length=int(better.value) if better is not None and better.is_bad and better.value else None,
            has_reference=self.drift is not None and self.drift.reference_id is not None,
            can_pin=self.last is not None and self.live is not None,
            deployed=self.live.version.number if self.before and self.live in self.begun and self.live else "",
            training_is_old=training is not None and training.is_bad,
        )

    @property
    def state(self) -> tuple[object, ...]:
        """What a fragment with this in it depends on."""
        checks = sorted((one.area, one.pk) for one in self.checks.values())
        settings = (self.settings.pk, self.settings.updated_at if self.settings.pk else None)
        return (checks, self.is_late, self.open_alerts, self.last, [one.pk for one in self.begun], *settings)

    def of(self, area: str) -> list[Found]:
        return [one for one in self.found if one.area == area]

    def _verdict(self, area: str) -> str | None:
        check = self.check(area)
        return check.verdict if check is not None else None

    def _worst(self, area: str) -> Found | None:
        bad = [one for one in self.of(area) if one.is_bad]
        return max([one for one in bad if one.decides] or bad, key=lambda one: one.severity, default=None)

    def _lone_segment(self) -> str:
        """The one segment that fell while others are well, in words."""
        parts: dict[str, bool] = {}
        for one in self.of(Area.QUALITY):
            if one.signal.startswith("segment.") and one.verdict != Verdict.NOT_ENOUGH:
                name = one.signal.split(".")[1]
                parts[name] = parts.get(name, False) or one.verdict == Verdict.ACT
        fallen = [name for name, bad in parts.items() if bad]
        return SEGMENT_WORDS.get(fallen[0], fallen[0]) if len(fallen) == 1 and len(parts) > 1 else ""


def standing(model: RegisteredModel, sources: Sequence[Source], period: Period) -> Standing:
    """Six queries, whatever the numbers of predictions, windows and checks."""
    checks = newest([model]).get(model.pk, {})
    champions = [one for one in deployments_in(model, period) if one.role == Deployment.As.CHAMPION]
    live = next((one for one in champions if one.ended_at is None), None)
    ended = [one for one in champions if one.ended_at is not None and live and one.version_id != live.version_id]
    return Standing(
        model=model,
        settings=monitoring_settings.of(model),
        live=live,
        checks=checks,
        found=_found(checks),
        begun=[one for one in champions if one.started_at >= period.start],
        before=ended[-1] if ended else None,
        last=last_minute(sources),
        open_alerts=Alert.objects.filter(rule__model=model).exclude(state=Alert.State.RESOLVED).count(),
    )


def _found(checks: Newest) -> list[Found]:
    areas = {one.pk: area for area, one in checks.items()}
    whole = [one.pk for area, one in checks.items() if area in _WHOLE]
    rest = [one.pk for area, one in checks.items() if area not in _WHOLE]
    wanted = Q(check_of__in=whole) | Q(check_of__in=rest, verdict__in=(Verdict.WATCH, Verdict.ACT))
    names = ("signal", "statistic", "value", "threshold", "current_size", "verdict", "detail__title", "detail__decides")
    rows: list[Any] = list(Finding.objects.filter(wanted).order_by("pk").values("check_of", *names)[:MOST_FINDINGS])
    return [
        Found(
            area=areas[row["check_of"]],
            signal=row["signal"],
            statistic=row["statistic"],
            value=row["value"],
            threshold=row["threshold"],
            size=row["current_size"],
            verdict=row["verdict"],
            title=row["detail__title"] or "",
            decides=bool(row["detail__decides"]),
        )
        for row in rows
    ]
