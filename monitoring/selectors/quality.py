"""What the quality tab shows: live figures of a period against the live baseline, over time, by version and segment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.learning.families import ABOUT, Family
from experiments.metric_words import label, protocol_label
from experiments.models import Deployment, ModelVersion, RegisteredModel
from monitoring.models import Check, Finding, MonitoringSettings, Source, Verdict
from monitoring.selectors.by_version import windows_by_version
from monitoring.selectors.traffic import deployments_in
from monitoring.selectors.windows import Period, Totals, WindowPoint, per_source
from monitoring.services.baselines import MEASURES
from monitoring.services.quality_assessed import Assessed
from monitoring.services.quality_checks import ANSWERS, assessed, sentence_of
from monitoring.services.scene import Scene, scene_of
from monitoring.stats.performance import METRICS, Metric
from monitoring.summaries import live, measures

LEAST_LABELS = 10
"""A window with fewer judged answers is not drawn: it would only show noise."""
_LISTS_PROTOCOL = "catalogue"


@dataclass(frozen=True)
class Offline:
    """A figure of the version's own evaluation; never the same thing as a live one."""

    name: str
    value: float
    protocol: str

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def protocol_label(self) -> str:
        return protocol_label(self.protocol)


@dataclass(frozen=True)
class VariantRow:
    """One source in the period. ``figure``: its headline metric; None where nothing of it is judged."""

    source: Source
    answered: int
    labelled: int
    figure: live.Measured | None

    @property
    def coverage(self) -> float | None:
        return self.labelled / self.answered if self.answered else None


@dataclass(frozen=True)
class CoursePoint:
    """The headline metric in one window; None below 10 judged answers."""

    start: dt.datetime
    figure: live.Measured | None


@dataclass(frozen=True)
class Course:
    """Of one version; ``is_judged``: the one that is live."""

    name: str
    is_judged: bool
    points: list[CoursePoint]


@dataclass(frozen=True)
class Quality:
    """Everything of the tab. ``instability`` is that of the newest check, whatever the period."""

    scene: Scene
    found: Assessed
    instability: Finding | None
    courses: list[Course]
    variants: list[VariantRow]
    deployments: list[Deployment]
    offline: Offline | None

    @property
    def metric(self) -> Metric:
        return METRICS[self.found.headline]

    @property
    def settings(self) -> MonitoringSettings:
        return self.scene.settings

    @property
    def answers(self) -> str:
        """The word for what is judged: lists, answers, numbers."""
        return ANSWERS[self.found.kind]

    @property
    def verdict(self) -> Verdict:
        """Of the shown period."""
        return Verdict.NOT_ENOUGH if self.found.missing else self.found.verdict

    @property
    def sentence(self) -> str:
        return sentence_of(self.scene, self.found)

    @property
    def is_overlapping(self) -> bool:
        """Whether the baseline's stretch lies within the period, which then compares with itself in part."""
        baseline = self.found.baseline
        return (
            baseline is not None and baseline.end > self.scene.period.start and baseline.start < self.scene.period.end
        )

    @property
    def has_judged(self) -> bool:
        return any(row.figure is not None for row in self.variants)


def quality(model: RegisteredModel, sources: Sequence[Source], chosen: Period) -> Quality:
    """Eight to eleven queries, whatever the numbers of predictions and windows."""
    scene = scene_of(model, period=chosen, sources=list(sources))
    own = {one.pk for one in scene.sources}
    totals = per_source(sources, chosen, ("counts", *MEASURES))
    found = assessed(scene, _merged([totals[pk] for pk in own if pk in totals]))
    return Quality(
        scene=scene,
        found=found,
        instability=_instability(model),
        courses=_courses(scene, sources, found),
        variants=_variants(sources, totals, found),
        deployments=deployments_in(model, chosen),
        offline=offline_of(scene.version, found.headline),
    )


def offline_of(version: ModelVersion | None, name: str) -> Offline | None:
    """The same metric as the run measured it, where it did: lists by the catalogue protocol, as they are served."""
    if version is None:
        return None
    about = ABOUT[Family(version.model.family)]
    for protocol in (_LISTS_PROTOCOL, about.protocol, "rated", "pointwise"):
        value = (version.metrics.get(protocol) or {}).get(name)
        if isinstance(value, (int, float)):
            return Offline(name, float(value), protocol)
    return None


def _merged(totals: Sequence[Totals]) -> Totals:
    return Totals(
        sum(one.predictions for one in totals),
        sum(one.errors for one in totals),
        sum(one.labelled for one in totals),
        measures.merge([one.summary for one in totals], ("counts", *MEASURES)) if totals else {},
    )


def _courses(scene: Scene, sources: Sequence[Source], found: Assessed) -> list[Course]:
    """Windows without answers are gaps."""
    judged = scene.version.number if scene.version is not None else ""
    versions = windows_by_version(scene, sources, live.MEASURES[found.kind])
    return [
        Course(
            name,
            name == judged or len(versions) == 1,
            [_point(start, windows.get(start, []), found) for start in scene.period.starts],
        )
        for name, windows in versions.items()
    ]


def _point(start: dt.datetime, points: Sequence[WindowPoint], found: Assessed) -> CoursePoint:
    if sum(point.labelled for point in points) < LEAST_LABELS:
        return CoursePoint(start, None)
    summary = measures.merge([point.summary for point in points], live.MEASURES[found.kind])
    figure = live.figures_of(summary, found.kind).get(found.headline)
    return CoursePoint(start, figure if figure and figure.n >= LEAST_LABELS else None)


def _variants(sources: Sequence[Source], totals: dict[int, Totals], found: Assessed) -> list[VariantRow]:
    """Sources with traffic in the period, the busiest first."""
    rows = [
        VariantRow(
            one,
            totals[one.pk].predictions - totals[one.pk].errors,
            totals[one.pk].labelled,
            live.figures_of(totals[one.pk].summary, found.kind).get(found.headline),
        )
        for one in sources
        if one.pk in totals and totals[one.pk].predictions
    ]
    return sorted(rows, key=lambda row: -row.answered)


def _instability(model: RegisteredModel) -> Finding | None:
    rows = Finding.objects.filter(
        check_of__model=model, check_of__area=Check.Area.QUALITY, signal="f1_instability", statistic="cv"
    )
    return rows.order_by("-check_of__at").first()
