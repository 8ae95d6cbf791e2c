"""Reads for pages and API about one run. Each states what it costs; lists of runs are in selectors/history.py."""

from __future__ import annotations

from django.db.models import Prefetch

from experiments.models import EpochMetrics, Experiment, TrackerRun


def for_page(experiment: Experiment) -> Experiment:
    """The same run with everything its overview shows: three queries."""
    return (
        Experiment.objects.select_related("dataset", "created_by", "stop_requested_by", "cloned_from", "workspace")
        .prefetch_related(Prefetch("tracker_runs", TrackerRun.objects.order_by("tracker")), "artifacts")
        .get(pk=experiment.pk)
    )


def epochs_of(experiment: Experiment) -> list[EpochMetrics]:
    """Its epochs in order: one query."""
    return list(EpochMetrics.objects.filter(experiment=experiment).order_by("epoch"))


def clones_of(experiment: Experiment, limit: int = 10) -> list[Experiment]:
    """Runs that started from this one, the newest first: one query."""
    rows = Experiment.objects.filter(cloned_from=experiment, deleted_at__isnull=True)
    return list(rows.order_by("-created_at", "id")[:limit])
