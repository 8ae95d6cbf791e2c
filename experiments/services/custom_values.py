"""Values of custom metrics: computed from what is stored of each run, newest runs first, as often as it takes.

The ledger is CustomMetricOutcome: a pair of metric and run without an outcome of the metric's present version is to
do. Each run is read once and written in one transaction, so a pass may be killed anywhere and started twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from django.db import Error as DatabaseProblem
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from experiments.jobs import queue
from experiments.jobs.kinds import CUSTOM_METRICS
from experiments.learning.custom_metrics import (
    Compiled,
    ExpressionError,
    NoUserTables,
    Outcome,
    UserTables,
    compile_expression,
    read_users,
)
from experiments.models import Artifact, CustomMetric, CustomMetricOutcome, Experiment, JobStatus, MetricValue, Origin
from experiments.services import locks
from experiments.services.custom_metrics import PROTOCOL

log = structlog.get_logger(__name__)
BATCH = 50
PER_USER_FILE = "per_user.parquet"
PREVIEW_BYTES = 50_000_000
"""About two million users; reading the columns of an expression from it takes about a second."""
UNEXPECTED = "an unexpected error, which is in the worker's log"


@dataclass(frozen=True)
class Progress:
    """``runs`` were dealt with; ``more``: time ran out before all were."""

    runs: int
    more: bool


def compute_pending(seconds: float, *, workspace_id: Any = None) -> Progress:
    """Computes what is missing, for at most about ``seconds``; one process at a time, others return at once."""
    deadline = time.monotonic() + seconds
    done = 0
    with locks.held(locks.CUSTOM_METRICS, 0) as got:
        # Again until nothing is found: what was defined or recorded meanwhile rang in vain.
        while got and (found := _pass(deadline, workspace_id)):
            done += found
            if time.monotonic() >= deadline:
                return Progress(done, more=True)
    return Progress(done, more=False)


def _pass(deadline: float, workspace_id: Any) -> int:
    """One round over what is to do; returns the number of runs dealt with, at least one where there is any."""
    done = 0
    for metrics in unfinished(workspace_id):
        for run in _waiting(metrics):
            compute_run(run, metrics)
            done += 1
            if time.monotonic() >= deadline:
                return done
    return done


def unfinished(workspace_id: Any = None) -> list[list[CustomMetric]]:
    """The metrics of each workspace that are not dealt with for every run. Two counts, and none without metrics."""
    active = CustomMetric.objects.filter(archived_at__isnull=True)
    if workspace_id is not None:
        active = active.filter(workspace=workspace_id)
    dealt = Count("outcomes", filter=Q(outcomes__version=F("version")))
    by_workspace: dict[Any, list[CustomMetric]] = {}
    for metric in active.annotate(dealt=dealt).order_by("workspace_id", "name"):
        by_workspace.setdefault(metric.workspace_id, []).append(metric)
    if not by_workspace:
        return []
    counted = measurable().filter(workspace__in=by_workspace).order_by().values_list("workspace")
    runs = dict(counted.annotate(count=Count("pk")))
    found = (
        [metric for metric in metrics if metric.dealt < runs.get(key, 0)]  # type: ignore[attr-defined]
        for key, metrics in by_workspace.items()
    )
    return [metrics for metrics in found if metrics]


def measurable() -> QuerySet[Experiment]:
    """Runs that get values: completed here. Deleted ones as well, so that bringing one back brings all of it back."""
    return Experiment.objects.filter(status=JobStatus.COMPLETED, origin=Origin.HERE)


def compute_run(run: Experiment, metrics: Sequence[CustomMetric]) -> None:
    """All these metrics of one run: its files are read once, and all is written in one transaction."""
    try:
        outcomes = outcomes_of(run, metrics)
    except DatabaseProblem:
        raise
    except Exception:
        log.exception("custom metrics failed", run=str(run.pk))
        outcomes = [Outcome(None, UNEXPECTED)] * len(metrics)
    _write(run, list(zip(metrics, outcomes, strict=True)))


def outcomes_of(run: Experiment, metrics: Sequence[CustomMetric]) -> list[Outcome]:
    """What each metric is for this run, in their order; writes nothing."""
    compiled = [_compiled(metric.expression) for metric in metrics]
    needs = [one.needs for one in compiled if isinstance(one, Compiled)]
    figures = figures_of(run) if any(need.metrics for need in needs) else {}
    tables: UserTables | str = UserTables()
    wanted = [need for need in needs if need.users]
    if wanted:
        tables = _tables(run, wanted)
    return [_outcome(one, tables, figures) for one in compiled]


def preview(run: Experiment, expression: str) -> Outcome:
    """The value of an expression while a person waits; writes nothing."""
    file = Artifact.objects.filter(experiment=run, name=PER_USER_FILE).first()
    if file is not None and file.size_bytes > PREVIEW_BYTES:
        return Outcome(None, "its results are too large to be read while you wait; the worker reads them")
    return outcomes_of(run, [CustomMetric(expression=expression)])[0]


def figures_of(run: Experiment) -> dict[tuple[str, str], float | None]:
    """(protocol, name) to the run's built-in figures over all users."""
    rows = MetricValue.objects.filter(experiment=run, segment="all").exclude(protocol=PROTOCOL)
    return {(protocol, name): value for protocol, name, value in rows.values_list("protocol", "name", "value")}


def tell_worker(run: Experiment) -> None:
    """Rings after a run has ended, so that its values are there at once. Never fails: the sweep rings as well."""
    with suppress(Exception):
        if CustomMetric.objects.filter(workspace=run.workspace_id, archived_at__isnull=True).exists():
            queue.ringer.ring(CUSTOM_METRICS)
            queue.ringer.flush(1.0)


def _waiting(metrics: Sequence[CustomMetric]) -> Iterator[Experiment]:
    """Runs of the metrics' workspace that lack any of them, newest first, in batches."""
    lacking = Q()
    for metric in metrics:
        dealt = CustomMetricOutcome.objects.filter(metric=metric, version=metric.version, experiment=OuterRef("pk"))
        lacking |= ~Q(Exists(dealt))
    rows = measurable().filter(lacking, workspace=metrics[0].workspace_id).order_by("-created_at", "-pk")
    after = Q()
    while batch := list(rows.filter(after)[:BATCH]):
        yield from batch
        last = batch[-1]
        after = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)


@lru_cache(maxsize=500)
def _compiled(expression: str) -> Compiled | str:
    """The expression, or why it cannot be read (a later release may know fewer names)."""
    try:
        return compile_expression(expression)
    except ExpressionError as error:
        return str(error)


def _tables(run: Experiment, needs: Iterable[Any]) -> UserTables | str:
    file = Artifact.objects.filter(experiment=run, name=PER_USER_FILE).first()
    if file is None:
        return "its per-user results are not stored"
    try:
        return read_users(file.file, needs)
    except NoUserTables as error:
        return str(error)


def _outcome(
    compiled: Compiled | str, tables: UserTables | str, figures: dict[tuple[str, str], float | None]
) -> Outcome:
    if isinstance(compiled, str):
        return Outcome(None, compiled)
    if isinstance(tables, str):
        if compiled.needs.users:
            return Outcome(None, tables)
        tables = UserTables()
    return compiled.evaluate(tables, figures)


def _write(run: Experiment, found: list[tuple[CustomMetric, Outcome]]) -> None:
    """Nothing is written for a metric that was changed or archived, or a run that was recorded again, meanwhile."""
    with transaction.atomic():
        rows = Experiment.objects.select_for_update(of=("self",), no_key=True)
        if not rows.filter(pk=run.pk, status=JobStatus.COMPLETED, finished_at=run.finished_at).exists():
            return
        active = CustomMetric.objects.select_for_update(of=("self",), no_key=True).filter(archived_at__isnull=True)
        present = set(active.filter(pk__in=[m.pk for m, _ in found]).order_by("pk").values_list("pk", "version"))
        still = [(metric, outcome) for metric, outcome in found if (metric.pk, metric.version) in present]
        values = [_value(run, metric, outcome) for metric, outcome in still if outcome.value is not None]
        gone = [metric.name for metric, outcome in still if outcome.value is None]
        MetricValue.objects.filter(experiment=run, protocol=PROTOCOL, name__in=gone).delete()
        MetricValue.objects.bulk_create(
            values,
            update_conflicts=True,
            unique_fields=["experiment", "protocol", "name", "segment"],
            update_fields=["value", "higher_is_better", "users_counted", "users_left_out", "definition"],
        )
        now = timezone.now()
        CustomMetricOutcome.objects.bulk_create(
            [
                CustomMetricOutcome(
                    metric=metric, experiment=run, version=metric.version, reason=outcome.reason, computed_at=now
                )
                for metric, outcome in still
            ],
            update_conflicts=True,
            unique_fields=["metric", "experiment"],
            update_fields=["version", "reason", "computed_at"],
        )


def _value(run: Experiment, metric: CustomMetric, outcome: Outcome) -> MetricValue:
    return MetricValue(
        workspace_id=run.workspace_id,
        experiment=run,
        protocol=PROTOCOL,
        name=metric.name,
        value=outcome.value,
        higher_is_better=metric.higher_is_better,
        users_counted=outcome.users_counted,
        users_left_out=outcome.users_left_out,
        definition=str(metric.version),
    )
