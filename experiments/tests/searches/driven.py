"""Searches for tests, driven on in this process: rounds of the driver, and trials carried out as a worker does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna

from experiments.learning.metrics.settings import EvaluationSettings  # noqa: F401  imports what runs need
from experiments.models import Dataset, Experiment, JobStatus, MetricValue, Search
from experiments.services import search_study, searches
from experiments.services.search_request import SearchRequest
from experiments.tests.runs.carried import carried_out

SPACE: dict[str, Any] = {
    "neighbours": {"low": 5, "high": 200, "log": True},
    "shrinkage": {"low": 1.0, "high": 100.0, "log": True},
}


def begun(dataset: Dataset, actor: Any = None, **asked: Any) -> Search:
    """A search that no round has driven yet; item-kNN on the catalogue protocol, as that takes no time to train."""
    values: dict[str, Any] = {
        "dataset": dataset.pk,
        "architecture": "item_knn",
        "space": SPACE,
        "metric": "catalogue.ndcg_at_10",
        "trials": 4,
        "parallel": 2,
    }
    request = SearchRequest.model_validate(values | asked)
    return searches.create_search(workspace=dataset.workspace, actor=actor, request=request, through="command")


def runs_of(search: Search) -> list[Experiment]:
    return list(Experiment.objects.filter(search=search).order_by("trial"))


def complete(run: Experiment, value: float | None) -> None:
    """Ends a trial as its worker would, with a figure on the validation part; None: it failed."""
    from django.utils import timezone

    run.status = JobStatus.FAILED if value is None else JobStatus.COMPLETED
    run.finished_at = timezone.now()
    run.failure_reason = "Diverged: the loss is no number any more." if value is None else ""
    run.save()
    if value is not None:
        MetricValue.objects.create(
            workspace=run.workspace, experiment=run, protocol="validation", name="ndcg_at_10", value=value
        )


def to_the_end(search: Search, most: int = 30) -> Search:
    """Rounds and trials in turn until the search has ended."""
    for _ in range(most):
        searches.advance(search)
        search.refresh_from_db()
        if search.status != JobStatus.RUNNING:
            break
        for run in runs_of(search):
            if run.status == JobStatus.QUEUED:
                carried_out(run)
    return search


@contextmanager
def study_of(search: Search) -> Iterator[optuna.Study]:
    with search_study.opened(search) as study:
        yield study


def states_of(search: Search) -> list[str]:
    """Optuna's states of its trials, by number."""
    with study_of(search) as study:
        return [trial.state.name for trial in study.get_trials()]
