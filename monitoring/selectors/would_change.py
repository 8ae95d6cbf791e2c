"""What other settings would make of the newest figures: the same stored counts, judged anew."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from experiments.models import RegisteredModel
from mlopspro.core.formats import metric, money, share
from monitoring.models import Check, MonitoringSettings, Verdict
from monitoring.selectors import cost as costs
from monitoring.selectors.checks import newest
from monitoring.selectors.quality import quality
from monitoring.selectors.traffic import sources_of
from monitoring.services import monitoring_settings
from monitoring.services.scene import analysed
from monitoring.stats.performance import verdict_of as quality_verdict


@dataclass(frozen=True)
class Row:
    """One figure under the settings of now and under the others."""

    title: str
    before: str
    before_verdict: Verdict
    after: str
    after_verdict: Verdict

    @property
    def changes(self) -> bool:
        return (self.before, self.before_verdict) != (self.after, self.after_verdict)


def changed(settings: MonitoringSettings, changes: Mapping[str, Any]) -> MonitoringSettings:
    """A copy with the values as they would be stored. Raises Refused."""
    other = copy(settings)
    for name, value in monitoring_settings.cleaned(settings, changes).items():
        setattr(other, name, value)
    return other


def rows(model: RegisteredModel, settings: MonitoringSettings, other: MonitoringSettings) -> list[Row]:
    """Of the last analysed stretch; about fifteen queries, whatever the number of predictions."""
    sources = sources_of(model)
    period = analysed(other.window_seconds, timezone.now())
    priced = costs.cost(model, sources, period)
    judged = quality(model, sources, period)
    drift = newest([model]).get(model.pk, {}).get(Check.Area.DRIFT)
    leading = judged.found.leading
    out = [_cost(priced, settings, other)]
    if leading is not None:
        labels = judged.found.labels
        text = share(leading.share, 0) if leading.share is not None else metric(leading.now.value)
        out.append(
            Row(
                f"Performance ({leading.metric.title})",
                text,
                _quality(leading.share, labels, settings),
                text,
                _quality(leading.share, labels, other),
            )
        )
    if drift is not None and drift.score is not None:
        text, moved = metric(drift.score, 2), drift.verdict != Verdict.OK
        before, after = (_drift(drift.score, moved, one) for one in (settings, other))
        out.append(Row("Drift score", text, before, text, after))
    return out


def _cost(page: costs.CostPage, settings: MonitoringSettings, other: MonitoringSettings) -> Row:
    found = []
    for one in (settings, other):
        priced = costs.repriced(page, one)
        found.append((money(priced.whole.cost.per_1000 if priced.whole else None), priced.verdict))
    return Row("Cost per 1 000 predictions", *found[0], *found[1])


def _quality(found: float | None, labels: int, settings: MonitoringSettings) -> Verdict:
    if labels < settings.minimum_labels:
        return Verdict.NOT_ENOUGH
    return Verdict(quality_verdict(found, settings.watch_below, settings.degraded_below))


def _drift(score: float, signals_moved: bool, settings: MonitoringSettings) -> Verdict:
    """As services/drift_checks.py has it; which signals moved is not judged anew."""
    if score > settings.drift_threshold:
        return Verdict.ACT
    return Verdict.WATCH if signals_moved else Verdict.OK
