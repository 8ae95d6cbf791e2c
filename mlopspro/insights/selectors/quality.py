"""How good the runs of each week were, by one metric on one protocol and, unless asked for all, on one dataset.

Protocols are never mixed: a figure of one says nothing about a figure of another. Of several datasets the easier one
would decide what looks like progress, so one is chosen: that on which most of the runs were measured.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Max, Min, Q
from django.db.models.functions import TruncWeek

from experiments.learning.families import ABOUT, Family
from experiments.metric_words import definition, label, protocol_definition, protocol_label
from experiments.models import JobStatus, MetricValue, RunType
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.span import Span

ALL = "all"
REFERENCES = ("popularity", "everything", "naive")


@dataclass(frozen=True)
class Headline:
    protocol: str
    name: str
    higher_is_better: bool

    @property
    def key(self) -> str:
        return f"{self.protocol}.{self.name}"

    @property
    def label(self) -> str:
        return f"{label(self.name)}, {protocol_label(self.protocol)}"

    @property
    def short(self) -> str:
        return label(self.name)

    @property
    def protocol_label(self) -> str:
        return protocol_label(self.protocol)

    @property
    def definition(self) -> str:
        return f"{definition(self.name, self.protocol)} {protocol_definition(self.protocol)}".strip()


HEADLINES = (
    Headline("rated", "f1_at_10", True),
    Headline("catalogue", "f1_at_10", True),
    Headline("catalogue", "ndcg_at_10", True),
    Headline("pointwise", "rmse", False),
    *(
        Headline(ABOUT[family].protocol, ABOUT[family].headline, ABOUT[family].higher_is_better)
        for family in Family
        if family.is_tabular
    ),
)


@dataclass(frozen=True)
class WeekOfQuality:
    """``mean`` and ``best`` over ``runs`` runs; None in a week without any."""

    start: dt.datetime
    runs: int
    mean: float | None
    best: float | None


@dataclass(frozen=True)
class Choice:
    key: str
    label: str
    runs: int


@dataclass(frozen=True)
class Quality:
    """``metrics`` and ``datasets`` can be chosen, with how many runs of the period have each; most first."""

    headline: Headline
    dataset: str
    metrics: list[Choice]
    datasets: list[Choice]
    weeks: list[WeekOfQuality]
    before: float | None
    references: list[tuple[str, float]]
    """Means of the reference lines over the same runs: without them a figure of *rated* says little (decision D2)."""

    @property
    def runs(self) -> int:
        return sum(week.runs for week in self.weeks)

    @property
    def mean(self) -> float | None:
        return mean_of([(week.mean, week.runs) for week in self.weeks])

    @property
    def best(self) -> float | None:
        known = [week.best for week in self.weeks if week.best is not None]
        return (max if self.headline.higher_is_better else min)(known) if known else None

    @property
    def change(self) -> float | None:
        return None if self.mean is None or self.before is None else self.mean - self.before

    @property
    def dataset_label(self) -> str:
        return next((one.label for one in self.datasets if one.key == self.dataset), "")

    @property
    def is_mixed(self) -> bool:
        """Runs on several datasets are in one average."""
        return self.dataset == ALL and len(self.datasets) > 2


@dataclass(frozen=True)
class _Group:
    headline: Headline
    dataset: uuid.UUID | None
    name: str
    week: dt.datetime
    runs: int
    mean: float
    low: float
    high: float
    references: tuple[float | None, ...]

    @property
    def best(self) -> float:
        return self.high if self.headline.higher_is_better else self.low


def quality(workspace: Workspace, span: Span, metric: str = "", dataset: str = "") -> Quality:
    """One query. What is not known as a metric or a dataset is as nothing chosen."""
    every = _groups(workspace, span)
    groups = [one for one in every if span.has(one.week)]
    sizes: Counter[str] = Counter()
    for one in groups:
        sizes[one.headline.key] += one.runs
    headline = next((one for one in HEADLINES if one.key == metric and sizes[metric]), _usual(sizes))
    mine = [one for one in groups if one.headline == headline]
    datasets = _datasets(mine)
    # The first is all of them together, so the second is that with most runs.
    chosen = dataset if any(one.key == dataset for one in datasets) else datasets[1 if len(datasets) > 1 else 0].key

    def fits(one: _Group) -> bool:
        return one.headline == headline and chosen in (ALL, str(one.dataset))

    return Quality(
        headline=headline,
        dataset=chosen,
        metrics=[Choice(one.key, one.label, sizes[one.key]) for one in HEADLINES if sizes[one.key]],
        datasets=datasets,
        weeks=[_week(monday, [one for one in mine if one.week == monday and fits(one)]) for monday in span.mondays],
        before=mean_of([(one.mean, one.runs) for one in every if span.was_before(one.week) and fits(one)]),
        references=_references([one for one in mine if fits(one)]),
    )


def _usual(sizes: Counter[str]) -> Headline:
    """The first that at least half as many runs have as the most frequent one: a family's own before further ones."""
    most = max(sizes.values(), default=0)
    return next(one for one in HEADLINES if sizes[one.key] >= most / 2)


def mean_of(parts: Sequence[tuple[float | None, int]]) -> float | None:
    """The mean of all from (mean, how many) of each part; None of none."""
    known = [(mean, number) for mean, number in parts if mean is not None and number]
    total = sum(number for _, number in known)
    return sum(mean * number for mean, number in known) / total if total else None


def _groups(workspace: Workspace, span: Span) -> list[_Group]:
    """Completed training runs by metric, dataset and week; their whole test part."""
    wanted = Q()
    for one in HEADLINES:
        wanted |= Q(protocol=one.protocol, name=one.name)
    rows = MetricValue.objects.filter(
        wanted, workspace=workspace, segment="all", value__isnull=False, experiment__status=JobStatus.COMPLETED,
        experiment__run_type=RunType.TRAIN, experiment__deleted_at__isnull=True,
        experiment__finished_at__gte=span.before, experiment__finished_at__lt=span.end,
    )  # fmt: skip
    weeks = rows.order_by().annotate(week=TruncWeek("experiment__finished_at", tzinfo=dt.UTC))
    keys = ("protocol", "name", "experiment__dataset", "experiment__dataset__name", "week")
    figures = {"n": Count("pk"), "mean": Avg("value"), "low": Min("value"), "high": Max("value")}
    figures |= {f"mean_{name}": Avg(name) for name in REFERENCES}
    known = {one.key: one for one in HEADLINES}
    return [_group(known, row) for row in weeks.values_list(*keys).annotate(**figures)]


def _group(known: dict[str, Headline], row: Sequence[Any]) -> _Group:
    protocol, name, dataset, title, week, runs, mean, low, high, *lines = row
    return _Group(
        known[f"{protocol}.{name}"], dataset, title or "Without a dataset", week, runs, mean, low, high, tuple(lines)
    )


def _references(groups: Sequence[_Group]) -> list[tuple[str, float]]:
    found = []
    for place, name in enumerate(REFERENCES):
        value = mean_of([(one.references[place], one.runs) for one in groups])
        if value is not None:
            found.append((name, value))
    return found


def _datasets(groups: Sequence[_Group]) -> list[Choice]:
    """All together, then each, the one with most runs first."""
    sizes: Counter[tuple[str, str]] = Counter()
    for one in groups:
        sizes[str(one.dataset), one.name] += one.runs
    each = [
        Choice(key, name, runs) for (key, name), runs in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    return [Choice(ALL, "All datasets", sum(sizes.values())), *each]


def _week(monday: dt.datetime, groups: Sequence[_Group]) -> WeekOfQuality:
    if not groups:
        return WeekOfQuality(monday, 0, None, None)
    best = (max if groups[0].headline.higher_is_better else min)(one.best for one in groups)
    return WeekOfQuality(
        monday, sum(one.runs for one in groups), mean_of([(one.mean, one.runs) for one in groups]), best
    )
