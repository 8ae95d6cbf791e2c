"""What the page of metrics tells of a workspace. Everything is read from its newest runs, so that a history of a
million runs costs what one of two thousand does; the page says where older runs are left out.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Mod

from experiments.learning import architectures
from experiments.metric_words import label
from experiments.models import EpochMetrics, Experiment, JobStatus, MetricValue
from experiments.selectors.same_data import split_words
from experiments.selectors.tiles import Tile, headline
from mlopspro.accounts.models import Workspace

WINDOW = 2_000
COUNTS_KEPT_SECONDS = 60
LATEST = 8
MOST_DATASETS = 12
OVER_TIME = 200
COMPARED = 6
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
    """Counts over all runs; up to ``COUNTS_KEPT_SECONDS`` old where there are more than a window of them."""

    count: int
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
    best: tuple[Best | None, ...]


@dataclass(frozen=True)
class RecentRun:
    """What the page needs of a run; ``figures`` are in the order of HEADLINES."""

    run_id: uuid.UUID
    name: str
    status: str
    model_type: str
    architecture: str
    dataset_id: uuid.UUID | None
    dataset: str
    finished_at: dt.datetime | None
    split: str
    figures: tuple[float | None, ...]

    @property
    def is_measured(self) -> bool:
        return self.status == JobStatus.COMPLETED and self.finished_at is not None

    @property
    def ended(self) -> float:
        """Seconds since 1970 (UTC); 0 where it has not ended."""
        return self.finished_at.timestamp() if self.finished_at is not None else 0.0


def live(workspace: Workspace) -> QuerySet[Experiment]:
    return Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True)


def window(workspace: Workspace, limit: int = WINDOW) -> QuerySet[Experiment]:
    """The newest runs, found through an index on their age however long the history is; no query yet."""
    newest = live(workspace).order_by("-created_at", "id").values("pk")[:limit]
    return Experiment.objects.filter(pk__in=newest).order_by()


@dataclass(frozen=True)
class Recent:
    """The newest runs, the newest first, and whether there are older ones."""

    runs: tuple[RecentRun, ...]
    complete: bool


def recent(workspace: Workspace) -> Recent:
    """One query of bounded cost; everything else on the page follows from it."""
    figures = {
        f"figure_{place}": Cast(KT(f"metrics__{one.protocol}__{one.name}"), FloatField())
        for place, one in enumerate(HEADLINES)
    }
    rows = live(workspace).annotate(**figures).order_by("-created_at", "id")
    fields = ("pk", "name", "status", "model_type", "architecture", "dataset_id", "dataset__name", "finished_at")
    found = list(rows.values_list(*fields, "split", *figures)[: WINDOW + 1])
    return Recent(tuple(map(_recent_run, found[:WINDOW])), complete=len(found) <= WINDOW)


def _recent_run(row: Sequence[Any]) -> RecentRun:
    pk, name, status, model_type, architecture, dataset_id, dataset, finished_at, split, *figures = row
    words = split_words(split)
    return RecentRun(
        pk, name, status, model_type, architecture, dataset_id, dataset or "", finished_at, words, tuple(figures)
    )


def totals(workspace: Workspace, found: Recent) -> Totals:
    """Counts by status, model type and architecture: of the runs at hand where these are all, else one kept query.

    Counting a million runs takes a few tenths of a second, so a page does it at most once a minute.
    """
    if found.complete:
        return _totals(Counter((run.status, run.model_type, run.architecture) for run in found.runs))
    rows = cache.get_or_set(f"run-counts:{workspace.pk}", lambda: _counts(workspace), COUNTS_KEPT_SECONDS)
    return _totals({(status, kind, architecture): count for status, kind, architecture, count in rows or ()})


def _counts(workspace: Workspace) -> list[tuple[str, str, str, int]]:
    grouped = live(workspace).order_by().values("status", "model_type", "architecture").annotate(runs=Count("pk"))
    return list(grouped.values_list("status", "model_type", "architecture", "runs"))


def _totals(counts: Mapping[tuple[str, str, str], int]) -> Totals:
    return Totals(
        count=sum(counts.values()),
        by_status=_added_up((JobStatus(key[0]).label, count) for key, count in counts.items()),
        by_type=_added_up((key[1] or "not said", count) for key, count in counts.items()),
        by_architecture=_added_up((_architecture(key[2]), count) for key, count in counts.items()),
    )


def _architecture(key: str) -> str:
    found = architectures.find(key)
    return found.label if found else key or "not said"


def _added_up(parts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Sums by word, the largest first."""
    sums: Counter[str] = Counter()
    for word, count in parts:
        sums[word] += count
    return sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))


def latest(workspace: Workspace) -> list[Experiment]:
    """The newest runs with dataset and author: one query."""
    rows = live(workspace).select_related("dataset", "created_by").order_by("-created_at", "id")
    return list(rows.defer("environment", "dataset_statistics", "notes", "parameters")[:LATEST])


def best_runs(found: Recent) -> tuple[list[BestRow], bool]:
    """The best run of each dataset, split and headline, the datasets used last first; the older of two equal ones.

    Returns:
        The rows, and whether there are more than are shown.
    """
    groups: dict[tuple[uuid.UUID, str], list[RecentRun]] = {}
    for run in found.runs:
        if run.is_measured and run.dataset_id is not None:
            groups.setdefault((run.dataset_id, run.split), []).append(run)
    rows = [
        BestRow(pk, runs[0].dataset, split, tuple(_best(runs, place) for place in range(len(HEADLINES))))
        for (pk, split), runs in groups.items()
    ]
    return rows[:MOST_DATASETS], len(rows) > MOST_DATASETS


def _best(runs: Sequence[RecentRun], place: int) -> Best | None:
    sign = 1 if HEADLINES[place].higher_is_better else -1
    known = [(value, run) for run in reversed(runs) if (value := run.figures[place]) is not None]
    if not known:
        return None
    value, run = max(known, key=lambda pair: sign * pair[0])
    return Best(run.run_id, run.name, value)


def datasets(found: Recent) -> list[tuple[uuid.UUID, str]]:
    """Datasets with completed runs, the one used last first."""
    used = {run.dataset_id: run.dataset for run in found.runs if run.is_measured and run.dataset_id is not None}
    return list(used.items())[:100]


def over_time(found: Recent, dataset_id: uuid.UUID) -> list[RecentRun]:
    """The newest OVER_TIME completed runs of one dataset, in the order in which they ended."""
    runs = [run for run in found.runs if run.is_measured and run.dataset_id == dataset_id]
    return sorted(runs[:OVER_TIME], key=lambda run: run.ended)


def last_runs(runs: Sequence[RecentRun]) -> list[tuple[RecentRun, dict[str, dict[str, float | None]]]]:
    """The newest of these runs that share the split of the newest of all, with their headline figures: one query."""
    same = [run for run in runs if run.split == runs[-1].split][-COMPARED:] if runs else []
    rows = Experiment.objects.filter(pk__in=[run.run_id for run in same]).order_by()
    metrics = dict(rows.values_list("pk", "metrics"))
    return [(run, metrics[run.run_id]) for run in same if run.run_id in metrics]


def model_card(runs: Sequence[RecentRun]) -> tuple[RecentRun, list[Tile]] | None:
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
