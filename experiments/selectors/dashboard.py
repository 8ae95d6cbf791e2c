"""What the page of metrics tells of a workspace. Everything is read from its newest runs, so that a history of a
million runs costs what one of five thousand does; the page says where older runs are left out.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, FloatField, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Mod

from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.metric_words import label
from experiments.models import EpochMetrics, Experiment, JobStatus, MetricValue
from experiments.selectors.same_data import split_key, split_words
from experiments.selectors.tiles import Tile, headline
from mlopspro.accounts.models import Workspace

WINDOW = 5_000
LATEST = 8
MOST_DATASETS = 12
OVER_TIME = 500
LOSS_CHARTS = 4
EPOCHS_DRAWN = 200


@dataclass(frozen=True)
class Headline:
    """A figure by which runs of one dataset and split may be ranked."""

    protocol: str
    name: str
    higher_is_better: bool = True

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def key(self) -> str:
        return f"metrics.{self.protocol}.{self.name}"


HEADLINES = (Headline("rated", "f1_at_10"), Headline("catalogue", "ndcg_at_10"), Headline("pointwise", "rmse", False))


@dataclass(frozen=True)
class Totals:
    """Counts over the newest runs; ``complete`` where these are all there are."""

    count: int
    complete: bool
    by_status: list[tuple[str, int]]
    by_type: list[tuple[str, int]]
    by_architecture: list[tuple[str, int]]


@dataclass(frozen=True)
class Best:
    """The best run by one figure among those that were measured on the same data."""

    run_id: uuid.UUID
    name: str
    value: float


@dataclass(frozen=True)
class BestRow:
    """One dataset, divided in one way, with its best run of each headline in the order of HEADLINES."""

    dataset_id: uuid.UUID
    dataset: str
    split: str
    latest: dt.datetime
    best: tuple[Best | None, ...]


@dataclass(frozen=True)
class TimedRun:
    """A completed run with its headline figures as {protocol: {name: value}}."""

    run_id: uuid.UUID
    name: str
    finished_at: dt.datetime
    split: str
    metrics: dict[str, dict[str, float | None]]


def live(workspace: Workspace) -> QuerySet[Experiment]:
    return Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True)


def window(workspace: Workspace, limit: int = WINDOW) -> QuerySet[Experiment]:
    """The newest runs, found through an index on their age however long the history is; no query yet."""
    newest = live(workspace).order_by("-created_at", "id").values("pk")[:limit]
    return Experiment.objects.filter(pk__in=newest).order_by()


def totals(workspace: Workspace) -> Totals:
    """Counts by status, model type and architecture: one query."""
    rows = list(
        window(workspace, WINDOW + 1).values_list("status", "model_type", "architecture").annotate(n=Count("pk"))
    )
    count = sum(row[3] for row in rows)
    return Totals(
        count=min(count, WINDOW),
        complete=count <= WINDOW,
        by_status=_counted((JobStatus(row[0]).label, row[3]) for row in rows),
        by_type=_counted((row[1] or "not said", row[3]) for row in rows),
        by_architecture=_counted((_architecture(row[2]), row[3]) for row in rows),
    )


def _architecture(key: str) -> str:
    found = ARCHITECTURES.get(key)
    return found.label if found else key or "not said"


def _counted(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for name, count in pairs:
        counts[name] += count
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def latest(workspace: Workspace) -> list[Experiment]:
    """The newest runs with dataset and author: one query."""
    rows = live(workspace).select_related("dataset", "created_by").order_by("-created_at", "id")
    return list(rows.defer("environment", "dataset_statistics", "notes", "parameters")[:LATEST])


def best_runs(workspace: Workspace) -> tuple[list[BestRow], bool]:
    """The best run of each dataset, split and headline, the datasets used last first: one query a headline.

    Returns:
        The rows, and whether there are more than are shown.
    """
    found: dict[tuple[uuid.UUID, str], dict[Headline, Any]] = {}
    for one in HEADLINES:
        for row in _best_by(workspace, one):
            found.setdefault((row["dataset_id"], row["split_key"]), {})[one] = row
    rows = [_best_row(by_headline) for by_headline in found.values()]
    rows.sort(key=lambda row: (row.latest, row.split), reverse=True)
    return rows[:MOST_DATASETS], len(rows) > MOST_DATASETS


def _best_by(workspace: Workspace, one: Headline) -> list[Any]:
    value = F("value").desc() if one.higher_is_better else F("value").asc()
    rows = window(workspace).filter(status=JobStatus.COMPLETED, dataset__isnull=False)
    rows = rows.annotate(value=Cast(KT(f"metrics__{one.protocol}__{one.name}"), FloatField()), split_key=split_key())
    found = rows.filter(value__isnull=False).order_by("dataset_id", "split_key", value, "created_at", "pk")
    fields = ("pk", "name", "dataset_id", "dataset__name", "split", "split_key", "value", "created_at")
    return list(found.distinct("dataset_id", "split_key").values(*fields))


def _best_row(by_headline: dict[Headline, Any]) -> BestRow:
    any_row = next(iter(by_headline.values()))
    return BestRow(
        dataset_id=any_row["dataset_id"],
        dataset=any_row["dataset__name"],
        split=split_words(any_row["split"]),
        latest=max(row["created_at"] for row in by_headline.values()),
        best=tuple(
            Best(row["pk"], row["name"], row["value"]) if (row := by_headline.get(one)) else None for one in HEADLINES
        ),
    )


def datasets(workspace: Workspace) -> list[tuple[uuid.UUID, str]]:
    """Datasets with completed runs, the one used last first: one query."""
    rows = window(workspace).filter(status=JobStatus.COMPLETED, dataset__isnull=False)
    used = rows.values("dataset_id", "dataset__name").annotate(last=Max("created_at")).order_by("-last")
    return [(row["dataset_id"], row["dataset__name"]) for row in used[:100]]


def over_time(workspace: Workspace, dataset_id: uuid.UUID) -> list[TimedRun]:
    """The newest completed runs of one dataset, the oldest of them first: one query."""
    rows = window(workspace).filter(status=JobStatus.COMPLETED, dataset_id=dataset_id, finished_at__isnull=False)
    newest = rows.order_by("-finished_at", "pk").values_list("pk", "name", "finished_at", "split", "metrics")
    return [
        TimedRun(pk, name, finished_at, split_words(split), metrics)
        for pk, name, finished_at, split, metrics in reversed(newest[:OVER_TIME])
        if finished_at is not None
    ]


def model_card(runs: Sequence[TimedRun]) -> tuple[TimedRun, list[Tile]] | None:
    """The newest of these runs with its headline metrics, reference lines included: one query."""
    if not runs:
        return None
    newest = runs[-1]
    return newest, headline(MetricValue.objects.filter(experiment=newest.run_id, segment="all"))


def loss_curves(workspace: Workspace) -> list[tuple[Experiment, list[EpochMetrics]]]:
    """Epochs of the newest runs that have any, at most EPOCHS_DRAWN of each, evenly spaced: two queries."""
    last = EpochMetrics.objects.filter(experiment=OuterRef("pk")).order_by("-epoch").values("epoch")[:1]
    rows = window(workspace, 50).annotate(last_epoch=Subquery(last)).filter(last_epoch__isnull=False)
    runs = list(rows.order_by("-created_at", "pk").only("pk", "name", "best_epoch")[:LOSS_CHARTS])
    steps = {run.pk: max(1, -(-run.last_epoch // EPOCHS_DRAWN)) for run in runs}
    places = {f"after_{step}": Mod(F("epoch") - 1, step) for step in set(steps.values())}
    wanted = Q(pk__in=[])
    for pk, step in steps.items():
        wanted |= Q(experiment=pk, **{f"after_{step}": 0})
    found: dict[uuid.UUID, list[EpochMetrics]] = {pk: [] for pk in steps}
    for row in EpochMetrics.objects.annotate(**places).filter(wanted).order_by("experiment_id", "epoch"):
        found[row.experiment_id].append(row)
    return [(run, found[run.pk]) for run in runs]


def latest_models(workspace: Workspace) -> list[Experiment]:
    """The newest completed run of each model type: three queries."""
    rows = window(workspace).filter(status=JobStatus.COMPLETED).exclude(model_type="")
    newest = rows.order_by("model_type", "-created_at", "pk").distinct("model_type").values("pk")
    runs = Experiment.objects.filter(pk__in=newest).select_related("logged").prefetch_related("tracker_runs")
    return list(runs.defer("environment", "dataset_statistics").order_by("-created_at", "pk"))
