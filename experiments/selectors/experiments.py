"""Reads for pages and API about runs. Each states what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet

from experiments.models import EpochMetrics, Experiment, TrackerRun
from mlopspro.accounts.models import Workspace

PAGE_SIZE = 50
HEADLINE = ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10", "rmse", "mae")


def listed(workspace: Workspace) -> QuerySet[Experiment]:
    """Runs of a workspace that are not deleted, the newest first; no query yet."""
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True)
    return rows.select_related("dataset", "created_by").order_by("-created_at", "id")


def page_of(rows: QuerySet[Experiment], number: int | str) -> Page[Experiment]:
    """One page of 50: two queries whatever the number of runs."""
    return Paginator(rows, PAGE_SIZE).get_page(number)


def for_page(experiment: Experiment) -> Experiment:
    """The same run with everything its overview shows: three queries."""
    return (
        Experiment.objects.select_related("dataset", "created_by", "stop_requested_by", "cloned_from", "workspace")
        .prefetch_related(Prefetch("tracker_runs", TrackerRun.objects.order_by("tracker")), "artifacts")
        .get(pk=experiment.pk)
    )


def deleted(workspace: Workspace) -> QuerySet[Experiment]:
    """Runs that were deleted and can be brought back, the latest deleted first; no query yet."""
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=False)
    return rows.select_related("dataset", "created_by").order_by("-deleted_at", "id")


def epochs_of(experiment: Experiment) -> list[EpochMetrics]:
    """Its epochs in order: one query."""
    return list(EpochMetrics.objects.filter(experiment=experiment).order_by("epoch"))


def clones_of(experiment: Experiment, limit: int = 10) -> list[Experiment]:
    """Runs that started from this one, the newest first: one query."""
    rows = Experiment.objects.filter(cloned_from=experiment, deleted_at__isnull=True)
    return list(rows.order_by("-created_at", "id")[:limit])


@dataclass(frozen=True)
class Column:
    """A headline figure as a list of runs shows it."""

    protocol: str
    name: str
    label: str


COLUMNS = (
    Column("rated", "f1_at_10", "F1@10"),
    Column("rated", "precision_at_10", "Precision@10"),
    Column("rated", "recall_at_10", "Recall@10"),
    Column("catalogue", "ndcg_at_10", "NDCG@10"),
    Column("pointwise", "rmse", "RMSE"),
    Column("pointwise", "mae", "MAE"),
)
