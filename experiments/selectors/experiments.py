"""Reads for pages and API about runs. Each states what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet

from experiments.models import Experiment, MetricValue, TrackerRun
from mlopspro.accounts.models import Workspace

PAGE_SIZE = 50
HEADLINE = ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10", "rmse", "mae")


def listed(workspace: Workspace) -> QuerySet[Experiment]:
    """Runs of a workspace that are not deleted, the newest first; no query yet."""
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True)
    return rows.select_related("dataset", "created_by").order_by("-created_at", "id")


def page_of(rows: QuerySet[Experiment], number: int) -> Page[Experiment]:
    """One page of 50: two queries whatever the number of runs."""
    return Paginator(rows, PAGE_SIZE).get_page(number)


def for_page(experiment: Experiment) -> Experiment:
    """The same run with everything its overview shows: three queries."""
    return (
        Experiment.objects.select_related("dataset", "created_by", "stop_requested_by", "cloned_from", "workspace")
        .prefetch_related(Prefetch("tracker_runs", TrackerRun.objects.order_by("tracker")), "artifacts")
        .get(pk=experiment.pk)
    )


@dataclass(frozen=True)
class MetricGroup:
    """Metrics of one protocol, whole test set first and then by segment."""

    protocol: str
    definition: dict[str, Any]
    overall: list[MetricValue]
    segments: dict[str, list[MetricValue]]


def metric_groups(experiment: Experiment) -> list[MetricGroup]:
    """All metrics of a run grouped by protocol: two queries."""
    evaluation = getattr(experiment, "evaluation", None)
    definitions = evaluation.protocols if evaluation else {}
    groups: dict[str, MetricGroup] = {}
    for value in experiment.metric_values.all():
        group = groups.setdefault(
            value.protocol, MetricGroup(value.protocol, definitions.get(value.protocol, {}), [], {})
        )
        if value.segment == "all":
            group.overall.append(value)
        else:
            group.segments.setdefault(value.segment, []).append(value)
    order = ("rated", "catalogue", "pointwise")
    return sorted(groups.values(), key=lambda group: order.index(group.protocol) if group.protocol in order else 9)
