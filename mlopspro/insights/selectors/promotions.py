"""Versions that came into production: how long that took from their training, and what each brought live.

Live figures are of answers with feedback. Before: the version that was replaced, over its last 28 days. After: the
new one, from its first day until now. Fewer than the model's minimum of judged answers on either side is not enough.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from experiments.models import Deployment, ModelVersion, RegisteredModel
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.span import Span, median
from monitoring.models import MonitoringSettings, Source
from monitoring.services.cost_counts import Decisions, catalogue_of, counted, money
from monitoring.services.quality_assessed import headline_for, kind_for
from monitoring.services.window_writes import floor
from monitoring.stats.performance import METRICS, Metric
from monitoring.summaries import live, measures
from monitoring.summaries.types import Summary

BEFORE = dt.timedelta(days=28)
SHOWN = 20
MEASURES = ("judged", "candidates", "classes", "numbers")
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Judged:
    """Live answers of one version over a stretch: its headline metric, and what its errors cost at today's prices.

    ``answers`` with feedback; ``decisions`` those that cost is counted over. Figures are None where they are not
    known, or rest on fewer answers than the model's minimum.
    """

    answers: int
    decisions: float
    figure: float | None
    per_1000: float | None


@dataclass(frozen=True)
class Promotion:
    """A version's first time in production. ``replaced`` None: it was the model's first."""

    version: ModelVersion
    at: dt.datetime
    replaced: ModelVersion | None
    metric: Metric | None = None
    minimum: int = 0
    before: Judged | None = None
    after: Judged | None = None

    @property
    def model(self) -> RegisteredModel:
        return self.version.model

    @property
    def days(self) -> float | None:
        """From the end of its training to its first moment in production; None where that end is not known."""
        ended = self.version.experiment.finished_at
        return None if ended is None else max(0.0, (self.at - ended) / _DAY)

    @property
    def took(self) -> dt.timedelta | None:
        return None if self.days is None else dt.timedelta(days=self.days)

    @property
    def avoided(self) -> float | None:
        """Dollars: (cost per 1,000 before - after) · decisions after / 1,000. Below 0: it costs more."""
        before, after = self.before, self.after
        if before is None or after is None or before.per_1000 is None or after.per_1000 is None:
            return None
        return (before.per_1000 - after.per_1000) * after.decisions / 1000

    @property
    def why_not(self) -> str:
        """Why nothing is said of the cost; empty where something is."""
        if self.avoided is not None:
            return ""
        if self.replaced is None:
            return "The model's first version: it replaced none."
        answers = [part.answers if part is not None else 0 for part in (self.before, self.after)]
        if min(answers) < self.minimum:
            return f"Not enough data: {answers[0]} and {answers[1]} of {self.minimum} answers with feedback."
        return "The size of the catalogue is not known, so decisions are not counted."


@dataclass(frozen=True)
class Production:
    """Promotions in the period, the oldest first. ``days_before`` are those of as many weeks before."""

    promotions: list[Promotion] = field(default_factory=list)
    days_before: list[float] = field(default_factory=list)

    @property
    def newest(self) -> list[Promotion]:
        """The newest first, as many as a table shows."""
        return self.promotions[::-1][:SHOWN]

    @property
    def timed(self) -> list[Promotion]:
        return [one for one in self.promotions if one.days is not None]

    @property
    def median_days(self) -> float | None:
        return median([one.days for one in self.promotions if one.days is not None])

    @property
    def median_time(self) -> dt.timedelta | None:
        return None if self.median_days is None else dt.timedelta(days=self.median_days)

    @property
    def change(self) -> float | None:
        """Of the median, in days."""
        before, now = median(self.days_before), self.median_days
        return None if before is None or now is None else now - before

    @property
    def priced(self) -> list[Promotion]:
        return [one for one in self.promotions if one.avoided is not None]

    @property
    def avoided(self) -> float | None:
        """Of all promotions of which it is known; None where it is known of none."""
        known = [one.avoided for one in self.priced if one.avoided is not None]
        return sum(known) if known else None

    def of(self, version: uuid.UUID | None) -> Promotion | None:
        return next((one for one in self.promotions if one.version.pk == version), None)


def production(workspace: Workspace, span: Span) -> Production:
    """Five queries, whatever the numbers of models, versions and predictions."""
    firsts = _firsts(workspace)
    versions = ModelVersion.objects.filter(
        pk__in={pk for first in firsts if first.at >= span.before for pk in (first.version, first.replaced) if pk}
    ).select_related("model", "experiment", "dataset")
    known = {one.pk: one for one in versions}
    bare = [
        Promotion(known[one.version], one.at, known.get(one.replaced) if one.replaced else None)
        for one in firsts
        if one.version in known
    ]
    earlier = [one.days for one in bare if span.was_before(one.at) and one.days is not None]
    return Production(_judged([one for one in bare if span.has(one.at)], span), earlier)


@dataclass(frozen=True)
class _First:
    version: uuid.UUID
    at: dt.datetime
    replaced: uuid.UUID | None


def _firsts(workspace: Workspace) -> list[_First]:
    """The first time each version of the workspace was champion, and which version it took over from."""
    rows = Deployment.objects.filter(model__workspace=workspace, role=Deployment.As.CHAMPION)
    last: dict[uuid.UUID, uuid.UUID] = {}
    seen: set[uuid.UUID] = set()
    found = []
    for model, version, at in rows.order_by("started_at", "pk").values_list("model", "version", "started_at"):
        if version not in seen:
            seen.add(version)
            found.append(_First(version, at, last.get(model)))
        last[model] = version
    return found


def _judged(promotions: Sequence[Promotion], span: Span) -> list[Promotion]:
    models = {one.model.pk for one in promotions}
    settings = {one.model_id: one for one in MonitoringSettings.objects.filter(model__in=models)}
    versions = {pk for one in promotions for pk in (one.version.pk, one.replaced.pk if one.replaced else None) if pk}
    champions = Source.objects.filter(version__in=versions, role=Source.As.CHAMPION)
    sources = {one.version_id: one for one in champions.select_related("version__dataset")}
    stretches = [stretch for one in promotions for stretch in _stretches(one, span)]
    summaries = _summaries([(sources.get(version), start, end) for version, start, end in stretches])
    found = []
    for place, one in enumerate(promotions):
        chosen = settings.get(one.model.pk) or MonitoringSettings(model=one.model)
        parts = [summaries.get(2 * place + at) for at in (0, 1)]
        kind = kind_for(one.model, measures.merge([part for part in parts if part], MEASURES))
        name = headline_for(one.model, kind)
        before, after = (
            _side(sources.get(version.pk) if version else None, part, kind, name, chosen)
            for version, part in zip((one.replaced, one.version), parts, strict=True)
        )
        found.append(Promotion(one.version, one.at, one.replaced, METRICS[name], chosen.minimum_labels, before, after))
    return found


def _stretches(one: Promotion, span: Span) -> list[tuple[uuid.UUID | None, dt.datetime, dt.datetime]]:
    """Of the replaced version and of the new one, in whole days of UTC."""
    day = floor(one.at, 86400)
    return [(one.replaced.pk if one.replaced else None, day - BEFORE, day + _DAY), (one.version.pk, day, span.end)]


_SQL = """
SELECT n.place, jsonb_build_object({measures})::text
FROM unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS n(place, source, since, until)
JOIN monitoring_window w ON w.source_id = n.source AND w.level = 86400 AND w.start >= n.since AND w.start < n.until
WHERE w.labelled > 0 ORDER BY w.start"""


def _summaries(stretches: Sequence[tuple[Source | None, dt.datetime, dt.datetime]]) -> dict[int, Summary]:
    """The merged days of each stretch by its place; one without feedback is missing. One query."""
    asked = [(place, one[0].pk, one[1], one[2]) for place, one in enumerate(stretches) if one[0] is not None]
    if not asked:
        return {}
    names = ", ".join(f"'{name}', w.summary->'{name}'" for name in MEASURES)
    days: dict[int, list[Summary]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(measures=names), [list(column) for column in zip(*asked, strict=True)])
        for place, summary in cursor.fetchall():
            days.setdefault(place, []).append(json.loads(summary))
    return {place: measures.merge(found, MEASURES) for place, found in days.items()}


def _side(
    source: Source | None, summary: Summary | None, kind: live.Kind, name: str, settings: MonitoringSettings
) -> Judged | None:
    if source is None or not summary:
        return None
    figure: Any = live.figures_of(summary, kind).get(name)
    counts = counted(summary, kind, catalogue_of([source]))
    if counts is None:
        return None
    enough = counts.answers >= settings.minimum_labels
    decisions = counts.confusion.decisions if isinstance(counts, Decisions) else float(counts.answers)
    return Judged(
        answers=int(counts.answers),
        decisions=decisions,
        figure=figure.value if figure is not None and figure.n >= settings.minimum_labels else None,
        per_1000=money(counts, settings).per_1000 if enough else None,
    )
