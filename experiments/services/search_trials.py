"""Trials of a search as rows: what each came to, in the words of the search."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from experiments.learning.search.measures import VALIDATION
from experiments.models import Experiment, JobStatus, MetricValue, Search


class Outcome(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    PRUNED = "pruned"
    FAILED = "failed"


@dataclass(frozen=True)
class TrialRow:
    """One trial: its run, what came of it, and what it reached on the validation part (of completed ones alone)."""

    run: Experiment
    number: int
    outcome: Outcome
    value: float | None

    @property
    def is_active(self) -> bool:
        return self.outcome in (Outcome.WAITING, Outcome.RUNNING)


def metric_name(search: Search) -> str:
    """The search's metric without its protocol."""
    return search.metric.partition(".")[2]


def trials_of(search: Search) -> list[TrialRow]:
    """All of them by number, deleted ones too: two queries."""
    runs = list(Experiment.objects.filter(search=search).order_by("trial"))
    return rows_of(search, runs, values_of(search))


def values_of(search: Search) -> dict[object, float]:
    """What each trial's run reached, by the run's id."""
    rows = MetricValue.objects.filter(
        experiment__search=search, protocol=VALIDATION, name=metric_name(search), segment="all"
    )
    found = rows.values_list("experiment_id", "value")
    return {pk: value for pk, value in found if value is not None and math.isfinite(value)}


def rows_of(search: Search, runs: Iterable[Experiment], values: dict[object, float]) -> list[TrialRow]:
    found = []
    for run in runs:
        outcome = outcome_of(run, values.get(run.pk))
        value = values.get(run.pk) if outcome is Outcome.COMPLETED else None
        found.append(TrialRow(run, run.trial or 0, outcome, value))
    return found


def outcome_of(run: Experiment, value: float | None) -> Outcome:
    """A run that completed without the figure it is judged by, or that a person stopped, is a failed trial."""
    if run.state is JobStatus.RUNNING:
        return Outcome.RUNNING
    if run.state in (JobStatus.QUEUED, JobStatus.DRAFT):
        return Outcome.WAITING
    if run.state is JobStatus.COMPLETED and value is not None:
        return Outcome.COMPLETED
    if run.state is JobStatus.CANCELLED and run.pruned_at_epoch is not None:
        return Outcome.PRUNED
    return Outcome.FAILED


def best_of(search: Search, rows: Iterable[TrialRow]) -> TrialRow | None:
    """The first of those with the best value."""
    done = [row for row in rows if row.value is not None]
    sign = -1.0 if search.maximise else 1.0
    return min(done, key=lambda row: (sign * (row.value or 0.0), row.number), default=None)
