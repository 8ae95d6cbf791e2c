"""The drift tab: what moved, how far, since when, and what it is compared with."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from experiments.models import Deployment, ModelVersion, RegisteredModel
from mlopspro.core.charts import LineChart
from monitoring import charts_drift
from monitoring.models import MonitoringSettings, Reference, Source
from monitoring.selectors import drift_around as around
from monitoring.selectors import drift_items as items
from monitoring.selectors.drift import DriftCheck, Signal, newest, shares_of
from monitoring.selectors.windows import Period
from monitoring.services import monitoring_settings, references
from monitoring.stats.drift_report import has_evidently
from monitoring.stats.instability import LEAST_WINDOWS

WINDOWS = {3600: "1 h", 6 * 3600: "6 h", 24 * 3600: "24 h", 7 * 24 * 3600: "7 d"}


@dataclass(frozen=True)
class Opened:
    """A signal that is opened: everything known of it, with both histograms."""

    signal: Signal
    chart: charts_drift.OverlaidChart


@dataclass(frozen=True)
class Openable:
    """The signals of a check by name. The histograms are read of the one that the address opens: one query."""

    found: DriftCheck

    def get(self, name: str | None) -> Opened | None:
        signal = self.found.signal(name or "")
        if signal is None:
            return None
        shares = shares_of(self.found.check, signal.name)
        return Opened(signal, charts_drift.histogram(signal.name, signal.title, shares))


@dataclass(frozen=True)
class DriftPage:
    """Context of ``templates/monitoring/parts/drift.html``; ten queries, and one for a signal that is opened."""

    model: RegisteredModel
    period: Period
    settings: MonitoringSettings
    found: DriftCheck | None
    deployed: around.Deployed
    references: list[Reference]
    top: items.TopItems | None
    instability: around.InstabilityShown | None

    least_windows: int = LEAST_WINDOWS
    """With an F1, from which on its instability is judged."""

    @property
    def live(self) -> ModelVersion | None:
        return self.deployed.live

    @property
    def opened(self) -> Openable | None:
        return Openable(self.found) if self.found is not None else None

    @property
    def active(self) -> Reference | None:
        return next((one for one in self.references if one.active), None)

    @property
    def why_no_reference(self) -> str:
        """In words; empty where there is one."""
        return "" if self.active is not None else references.why_none(self.live)

    @property
    def is_recounting(self) -> bool:
        """Whether the shown check was made against another reference than the one that is active now."""
        return (
            self.found is not None
            and self.active is not None
            and self.live is not None
            and self.found.check.version_id == self.live.pk
            and self.found.check.reference_id != self.active.pk
        )

    @property
    def windows(self) -> list[tuple[int, str, bool]]:
        """(seconds, words, whether chosen); one that was set elsewhere stands among them."""
        chosen = self.settings.window_seconds
        known = dict(sorted((WINDOWS | {chosen: WINDOWS.get(chosen, _words(chosen))}).items()))
        return [(seconds, words, seconds == chosen) for seconds, words in known.items()]

    @cached_property
    def importance(self) -> around.ImportanceDrift | None:
        return around.importance_drift(self.deployed)

    @cached_property
    def score_chart(self) -> LineChart:
        course = self.found.course if self.found is not None else ()
        deployments: list[Deployment] = self.deployed.within(self.period)
        return charts_drift.score_over_time(course, self.settings.drift_threshold, deployments)

    @property
    def report_command(self) -> str:
        """Makes Evidently's report of the same rows (F168)."""
        return f"manage.py drift_report --model {shlex.quote(self.model.name)} --page drift.html"

    @property
    def has_evidently(self) -> bool:
        return has_evidently()

    @property
    def here(self) -> Mapping[str, str]:
        """Hidden fields that bring a form back to this page."""
        return self.period.query


def panel(model: RegisteredModel, sources: list[Source], period: Period) -> dict[str, Any]:
    settings = monitoring_settings.of(model)
    found = newest(model, period, settings)
    deployed = around.deployed(model)
    return {
        "drift": DriftPage(
            model=model,
            period=period,
            settings=settings,
            found=found,
            deployed=deployed,
            references=around.references_of(deployed.live),
            top=top_items(sources, found, deployed.live, period),
            instability=around.instability_of(model, LEAST_WINDOWS),
        )
    }


def top_items(
    sources: list[Source], found: DriftCheck | None, live: ModelVersion | None, period: Period
) -> items.TopItems | None:
    """Of the checked version in the checked stretch; without a check, of the live version in the period."""
    version = found.check.version_id if found is not None else live.pk if live is not None else None
    judged = [one for one in sources if version is None or one.version_id == version]
    if found is None:
        return items.top_items(judged, period)
    return items.top_items(judged, items.stretch(found.check.start, found.check.end), found.check.reference)


def _words(seconds: int) -> str:
    hours = seconds / 3600
    return f"{hours / 24:g} d" if hours % 24 == 0 else f"{hours:g} h"
