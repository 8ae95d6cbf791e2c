"""Searches as pages and API show them: from our own rows, so that nobody waits for Optuna."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from experiments.learning import architectures
from experiments.learning.search.importance import FEWEST_TRIALS, importances
from experiments.learning.search.measures import VALIDATION
from experiments.learning.search.space import Interval
from experiments.metric_words import definition, label, protocol_definition, protocol_label
from experiments.models import Experiment, JobStatus, MetricValue, Search
from experiments.services.search_space_of import space_of
from experiments.services.search_trials import Outcome, TrialRow, best_of, rows_of, values_of
from experiments.services.searches import is_stopping
from mlopspro.accounts.models import Workspace

PAGE = 50
SHOWN_TRIALS = 200
"""Rows of the table; all trials are in the charts and in the history."""
TONES = {
    Outcome.WAITING: ("neutral", "clock", "Queued"),
    Outcome.RUNNING: ("info", "loader-circle", "Running"),
    Outcome.COMPLETED: ("good", "circle-check", "Completed"),
    Outcome.PRUNED: ("neutral", "scissors", "Pruned"),
    Outcome.FAILED: ("bad", "circle-x", "Failed"),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter that is searched, in words."""

    name: str
    label: str
    is_log: bool
    range: str


@dataclass(frozen=True)
class Trial:
    """One trial with its parameters in the order of the search's."""

    row: TrialRow
    values: tuple[Any, ...]
    is_best: bool

    @property
    def badge(self) -> tuple[str, str, str]:
        """(tone, icon, word)."""
        return TONES[self.row.outcome]

    @property
    def run(self) -> Experiment:
        return self.row.run

    @property
    def note(self) -> str:
        if self.row.outcome is Outcome.PRUNED:
            return f"after epoch {self.run.pruned_at_epoch}"
        if self.row.outcome is not Outcome.FAILED:
            return ""
        stopped = "stopped" if self.run.state is JobStatus.CANCELLED else "it has no figure to be judged by"
        return self.run.failure_reason or stopped


@dataclass(frozen=True)
class SearchState:
    """A search and its trials at one moment."""

    search: Search
    rows: list[TrialRow]
    parameters: list[Parameter] = field(default_factory=list)

    @cached_property
    def counts(self) -> dict[str, int]:
        return {outcome.value: sum(row.outcome is outcome for row in self.rows) for outcome in Outcome}

    @property
    def ended(self) -> int:
        return sum(not row.is_active for row in self.rows)

    @property
    def share(self) -> float:
        return min(1.0, self.ended / self.search.trials)

    @property
    def is_running(self) -> bool:
        return self.search.status == JobStatus.RUNNING

    @property
    def is_stopping(self) -> bool:
        return is_stopping(self.search)

    @property
    def eta(self) -> dt.timedelta | None:
        """From how long trials took so far; None before the first has ended, and after the last."""
        took = [row.run.duration for row in self.rows if not row.is_active and row.run.duration]
        left = self.search.trials - self.ended
        if not took or left <= 0 or not self.is_running or self.is_stopping:
            return None
        mean = sum(took, dt.timedelta()) / len(took)
        return mean * left / max(1, min(self.search.parallel, left))

    @cached_property
    def best(self) -> TrialRow | None:
        return best_of(self.search, self.rows)

    @property
    def start(self) -> TrialRow | None:
        """The trial of the values one started from, where it is known what they reached."""
        first = self.rows[0] if self.rows and self.rows[0].number == 0 else None
        if first is None or first.value is None:
            return None
        given = self.search.parameters
        same = all(first.run.parameters.get(one.name) == given.get(one.name) for one in self.parameters)
        return first if same else None

    @property
    def gain(self) -> float | None:
        """How much better the best is than what one started from, in the metric's own unit; above 0 is better."""
        if self.best is None or self.start is None or self.best.value is None or self.start.value is None:
            return None
        return (self.best.value - self.start.value) * (1 if self.search.maximise else -1)

    @property
    def trials(self) -> list[Trial]:
        """The newest first."""
        best = self.best
        shown = sorted(self.rows, key=lambda row: -row.number)[:SHOWN_TRIALS]
        names = [one.name for one in self.parameters]
        return [Trial(row, values_in(row.run, names), best is not None and row.number == best.number) for row in shown]

    @property
    def left_out(self) -> int:
        return max(0, len(self.rows) - SHOWN_TRIALS)

    @property
    def best_values(self) -> list[tuple[str, Any]]:
        if self.best is None:
            return []
        return [(one.label, self.best.run.parameters.get(one.name)) for one in self.parameters]

    @cached_property
    def importance(self) -> list[tuple[Parameter, float | None]]:
        """What each parameter explains of the value, the largest first; empty while too few trials are done."""
        done = [row for row in self.rows if row.value is not None]
        drawn = {one.name: [row.run.parameters.get(one.name) for row in done] for one in self.parameters}
        found = importances([row.value or 0.0 for row in done], drawn)
        known = {one.name: one for one in self.parameters}
        return [(known[name], share) for name, share in found.items()]

    @property
    def trials_until_importance(self) -> int:
        return max(0, FEWEST_TRIALS - self.counts[Outcome.COMPLETED.value])

    @property
    def metric_label(self) -> str:
        return metric_label(self.search)

    @property
    def protocol(self) -> str:
        return protocol_label(self.search.metric.partition(".")[0])

    @property
    def metric_help(self) -> str:
        """The metric, its protocol, and on which part it is measured."""
        protocol, _, name = self.search.metric.partition(".")
        return f"{definition(name, protocol)} {protocol_definition(protocol)} Measured on the validation part."

    def version(self) -> tuple[object, ...]:
        """What the page depends on; a duration does not change it."""
        return (
            self.search.status,
            self.search.reason,
            len(self.rows),
            *((row.number, row.outcome, row.value, row.run.phase, row.run.progress_done) for row in self._active()),
            *sorted(self.counts.items()),
        )

    def _active(self) -> list[TrialRow]:
        return [row for row in self.rows if row.is_active]


def metric_label(search: Search) -> str:
    return label(search.metric.partition(".")[2])


def values_in(run: Experiment, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(run.parameters.get(name) for name in names)


def parameters_of(search: Search) -> list[Parameter]:
    """In the order of the space; those of an architecture that is gone stand under their plain names."""
    try:
        space = space_of(search)
    except ValueError:
        return [Parameter(name, name, False, "") for name in search.space]
    fields = architectures.get(search.architecture).parameters.model_fields
    found = []
    for name, dimension in space.items():
        log = isinstance(dimension, Interval) and dimension.log
        found.append(Parameter(name, fields[name].title or name, log, words_of(search.space[name])))
    return found


def words_of(said: dict[str, Any]) -> str:
    """An interval or choices as they are read: "0.0001 to 0.1, logarithmic"."""
    if "choices" in said:
        return ", ".join(map(str, said["choices"]))
    words = f"{said['low']:g} to {said['high']:g}"
    if said.get("log"):
        return f"{words}, logarithmic"
    return f"{words} in steps of {said['step']:g}" if said.get("step") else words


def state_of(search: Search) -> SearchState:
    """Two queries."""
    rows = (
        Experiment.objects.filter(search=search)
        .order_by("trial")
        .only(
            *("id", "name", "search_id", "trial", "status", "parameters", "pruned_at_epoch", "started_at"),
            *(
                "finished_at",
                "failure_reason",
                "failure_kind",
                "phase",
                "progress_done",
                "progress_total",
                "created_at",
            ),
            *("stop_requested_at", "lease_until", "deleted_at", "origin"),
        )
    )
    return SearchState(search, rows_of(search, rows, values_of(search)), parameters_of(search))


def searches_of(workspace: Workspace) -> QuerySet[Search]:
    """The newest first, each with how many of its trials have ended."""
    active = Q(runs__status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    rows = Search.objects.filter(workspace=workspace).select_related("dataset", "created_by")
    return rows.annotate(ended=Count("runs", filter=~active & Q(runs__isnull=False))).order_by("-created_at")


def page_of(workspace: Workspace, number: Any) -> Page[Search]:
    return Paginator(searches_of(workspace), PAGE).get_page(number)


def bests_of(searches: Sequence[Search]) -> dict[Any, TrialRow]:
    """The best trial of each: two queries for all of them."""
    runs = {
        run.pk: run
        for run in Experiment.objects.filter(search__in=searches, status=JobStatus.COMPLETED).only(
            "id", "name", "search_id", "trial", "status", "parameters", "pruned_at_epoch"
        )
    }
    figures = MetricValue.objects.filter(experiment__in=list(runs), protocol=VALIDATION, segment="all")
    known = figures.values_list("experiment_id", "name", "value")
    values = {(pk, name): value for pk, name, value in known if value is not None}
    found = {}
    for search in searches:
        name = search.metric.partition(".")[2]
        mine = [run for run in runs.values() if run.search_id == search.pk]
        reached: dict[object, float] = {run.pk: values[run.pk, name] for run in mine if (run.pk, name) in values}
        if (best := best_of(search, rows_of(search, mine, reached))) is not None:
            found[search.pk] = best
    return found


def ran_for(search: Search) -> dt.timedelta:
    return (search.ended_at or timezone.now()) - search.created_at
