"""Runs put together by what they share, with mean, deviation and interval of each group.

Everything is summed up by PostgreSQL over all matching runs: one query whatever the number of runs, groups and metrics.
A group whose runs were measured on different data says so: a mean over different quantities is no quantity.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import (
    Avg,
    CharField,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    Func,
    Max,
    Min,
    Q,
    QuerySet,
    StdDev,
)
from django.db.models.functions import Cast, Extract

from experiments.learning.summaries.mean_interval import mean_interval
from experiments.models import Experiment
from experiments.selectors.columns import Column
from experiments.selectors.same_data import split_key, split_words
from experiments.selectors.search.limits import bounded_time

GroupKind = Literal["parameter", "tag", "dataset", "architecture", "model_type", "configuration"]
MOST_GROUPS = 1_000
FINITE = (float("-inf"), float("inf"))
WORDS: dict[GroupKind, str] = {
    "configuration": "Same configuration",
    "dataset": "Dataset",
    "architecture": "Architecture",
    "model_type": "Model type",
    "tag": "Tag",
}


@dataclass(frozen=True)
class GroupBy:
    """What runs are put together by; ``name`` is the parameter's."""

    kind: GroupKind
    name: str = ""

    @property
    def key(self) -> str:
        """As addresses write it."""
        return f"params.{self.name}" if self.kind == "parameter" else self.kind

    @property
    def label(self) -> str:
        return self.name if self.kind == "parameter" else WORDS[self.kind]


@dataclass(frozen=True)
class Summary:
    """One metric over a group: sample deviation (n - 1) and 95 % t-interval of the mean; None for a single value."""

    count: int
    mean: float | None
    deviation: float | None
    low: float | None
    high: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class Group:
    """``value`` is what the runs share; None where they have no such parameter, tag or dataset."""

    value: str | None
    label: str
    runs: int
    seeds: int
    datasets: int
    splits: int
    unknown: int
    """How many of its runs have no dataset of ours: they were logged elsewhere, on data that is not known here."""
    data: str
    """The dataset and split all its runs share, in words; empty where they share none."""
    summaries: tuple[Summary, ...]

    @property
    def mixes(self) -> str:
        """Why its means may be over different quantities, in words; empty where they are not."""
        parts = [f"{self.datasets} datasets"] if self.datasets > 1 else []
        parts += [f"{self.splits} splits"] if self.splits > 1 else []
        parts += ["data that is not known here"] if self.unknown and self.runs > 1 else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Grouping:
    """``total`` counts matching runs of all groups; ``more`` says that there are groups beyond MOST_GROUPS."""

    groups: tuple[Group, ...]
    more: bool

    @property
    def runs(self) -> int:
        return sum(group.runs for group in self.groups)

    @property
    def mixed(self) -> int:
        """How many groups hold runs of different data."""
        return sum(bool(group.mixes) for group in self.groups)

    @property
    def kinds_of_data(self) -> int:
        """On how many different data the groups stand that are of one data each."""
        return len({group.data for group in self.groups if group.data})


def grouped(matching: QuerySet[Experiment], by: GroupBy, columns: Sequence[Column]) -> Grouping:
    """Groups of all these runs, the largest first: one query of bounded time.

    Args:
        matching: runs that are not ordered and not sliced.
        columns: numeric columns to sum up.

    Raises:
        QueryError: there are more runs than can be summed up in the time a page has.
    """
    rows: Any = _with_group(Experiment.objects.filter(pk__in=matching.order_by().values("pk")).order_by(), by)
    for place, column in enumerate(columns):
        rows = _with_value(rows, place, column)
    found = rows.values("group").annotate(
        label=_label(by),
        runs=Count("pk"),
        seeds=Count("seed", distinct=True),
        datasets=Count("dataset", distinct=True),
        splits=Count(split_key(), distinct=True, filter=Q(dataset__isnull=False)),
        unknown=Count("pk", filter=Q(dataset__isnull=True)),
        dataset_name=Max("dataset__name"),
        split_text=Max(split_key()),
        **{name: made for place in range(len(columns)) for name, made in _aggregates(place).items()},
    )
    with bounded_time():
        listed = list(found.order_by("-runs", "group")[: MOST_GROUPS + 1])
    groups = tuple(_group(row, by, len(columns)) for row in listed[:MOST_GROUPS])
    return Grouping(groups, more=len(listed) > MOST_GROUPS)


def _with_group(rows: Any, by: GroupBy) -> Any:
    if by.kind == "parameter":
        own = FilteredRelation("parameter_values", condition=Q(parameter_values__name=by.name))
        return rows.annotate(group_parameter=own).annotate(group=F("group_parameter__text"))
    if by.kind == "tag":
        return rows.annotate(group=Func(F("tags"), function="UNNEST", output_field=CharField(), set_returning=True))
    if by.kind == "dataset":
        return rows.annotate(group=Cast("dataset_id", CharField()))
    return rows.annotate(group=F("settings_hash" if by.kind == "configuration" else by.kind))


def _label(by: GroupBy) -> Any:
    """What names a group to people where its value does not: the dataset, or the name of one of its runs."""
    if by.kind == "dataset":
        return Max("dataset__name")
    if by.kind == "configuration":
        return Min("name")
    return Min(Cast("architecture", CharField())) if by.kind == "architecture" else Max("model_type")


def _with_value(rows: Any, place: int, column: Column) -> Any:
    """The column's number as ``value_<place>``."""
    relation, value = f"relation_{place}", f"value_{place}"
    if column.kind == "metric":
        one = Q(metric_values__protocol=column.protocol, metric_values__name=column.name, metric_values__segment="all")
        own = FilteredRelation("metric_values", condition=one)
        return rows.annotate(**{relation: own}).annotate(**{value: F(f"{relation}__value")})
    if column.kind == "parameter":
        own = FilteredRelation("parameter_values", condition=Q(parameter_values__name=column.name))
        return rows.annotate(**{relation: own}).annotate(**{value: F(f"{relation}__number")})
    if column.name == "duration":
        taken = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
        return rows.annotate(**{value: Extract(taken, "epoch", output_field=FloatField())})
    return rows.annotate(**{value: Cast(F(column.name), FloatField())})


def _aggregates(place: int) -> dict[str, Any]:
    """NaN is no value: PostgreSQL has it above infinity, so the bounds leave it out."""
    value = f"value_{place}"
    finite = Q(**{f"{value}__gt": FINITE[0], f"{value}__lt": FINITE[1]})
    return {
        f"count_{place}": Count(value, filter=finite),
        f"mean_{place}": Avg(value, filter=finite),
        f"deviation_{place}": StdDev(value, sample=True, filter=finite),
        f"minimum_{place}": Min(value, filter=finite),
        f"maximum_{place}": Max(value, filter=finite),
    }


def _group(row: dict[str, Any], by: GroupBy, columns: int) -> Group:
    value = row["group"] or None
    named = row["label"] if by.kind in ("dataset", "configuration") else value
    return Group(
        value=value,
        label=str(named) if value is not None and named else "not set",
        runs=row["runs"],
        seeds=row["seeds"],
        datasets=row["datasets"],
        splits=row["splits"],
        unknown=row["unknown"],
        data=_data(row),
        summaries=tuple(_summary(row, place) for place in range(columns)),
    )


def _data(row: dict[str, Any]) -> str:
    if row["datasets"] != 1 or row["splits"] != 1 or row["unknown"]:
        return ""
    return f"{row['dataset_name']}, {split_words(json.loads(row['split_text']))}"


def _summary(row: dict[str, Any], place: int) -> Summary:
    count, mean, deviation = row[f"count_{place}"], row[f"mean_{place}"], row[f"deviation_{place}"]
    interval = mean_interval(count, mean, deviation) if mean is not None else None
    low, high = interval or (None, None)
    return Summary(count, mean, deviation, low, high, row[f"minimum_{place}"], row[f"maximum_{place}"])
