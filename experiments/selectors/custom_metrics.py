"""Metrics that people defined, as pages show them: how many runs have them, which have not and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, F, FilteredRelation, Q

from experiments.models import Artifact, CustomMetric, CustomMetricOutcome, Experiment, MetricValue
from experiments.services.custom_metrics import PROTOCOL
from experiments.services.custom_values import PER_USER_FILE, measurable
from mlopspro.accounts.models import Workspace
from mlopspro.core import formats

RECENT_RUNS = 20
EXAMPLES = 20


@dataclass(frozen=True)
class MetricState:
    """A metric and how far it is: runs with a value, runs without one by reason, runs that are still to do."""

    metric: CustomMetric
    valued: int
    reasons: tuple[tuple[str, int], ...]
    runs: int

    @property
    def without(self) -> int:
        return sum(count for _, count in self.reasons)

    @property
    def pending(self) -> int:
        return 0 if self.metric.archived_at else max(0, self.runs - self.valued - self.without)

    @property
    def progress_words(self) -> str:
        return f"{formats.number(self.runs - self.pending)} of {formats.number(self.runs)} runs"

    @property
    def share_done(self) -> float:
        return (self.valued + self.without) / self.runs if self.runs else 1.0


@dataclass(frozen=True)
class RunMetric:
    """One metric of one run: its value, or why it has none, or neither while it is to do."""

    metric: CustomMetric
    value: MetricValue | None
    reason: str
    dealt: bool


def listed(workspace: Workspace, *, archived: bool = False) -> list[MetricState]:
    """By label: three queries however many metrics and runs there are."""
    metrics = CustomMetric.objects.filter(workspace=workspace, archived_at__isnull=not archived)
    return _states(list(metrics.select_related("created_by").order_by("label", "name")), workspace)


def state_of(metric: CustomMetric) -> MetricState:
    """Two queries."""
    return _states([metric], metric.workspace)[0]


def runs_without(metric: CustomMetric) -> list[CustomMetricOutcome]:
    """The newest runs that have no value, with the reason: one query."""
    rows = metric.outcomes.filter(version=metric.version, experiment__deleted_at__isnull=True).exclude(reason="")
    return list(rows.select_related("experiment").order_by("-experiment__created_at")[:EXAMPLES])


def of_run(run: Experiment) -> list[RunMetric]:
    """All metrics of the run's workspace: two queries."""
    outcome = FilteredRelation("outcomes", condition=Q(outcomes__experiment=run, outcomes__version=F("version")))
    metrics = CustomMetric.objects.filter(workspace=run.workspace_id, archived_at__isnull=True)
    found = metrics.annotate(outcome=outcome, dealt=F("outcome__id"), reason=F("outcome__reason")).order_by("label")
    values = {row.name: row for row in MetricValue.objects.filter(experiment=run, protocol=PROTOCOL)}
    return [
        RunMetric(metric, values.get(metric.name), metric.reason or "", metric.dealt is not None)  # type: ignore[attr-defined]
        for metric in found
    ]


def recent_runs(workspace: Workspace) -> list[Experiment]:
    """Completed runs with stored results, newest first, to try an expression on: one query."""
    stored = Artifact.objects.filter(name=PER_USER_FILE).values("experiment")
    rows = measurable().filter(workspace=workspace, deleted_at__isnull=True, pk__in=stored)
    return list(rows.order_by("-created_at")[:RECENT_RUNS])


def _states(metrics: list[CustomMetric], workspace: Workspace) -> list[MetricState]:
    if not metrics:
        return []
    runs = measurable().filter(workspace=workspace).count()
    counted: dict[object, dict[str, int]] = {}
    for pk, reason, count in _counts(metrics):
        counted.setdefault(pk, {})[reason] = count
    return [_state(metric, counted.get(metric.pk, {}), runs) for metric in metrics]


def _counts(metrics: Iterable[CustomMetric]) -> Iterable[tuple[object, str, int]]:
    rows = CustomMetricOutcome.objects.filter(metric__in=list(metrics), version=F("metric__version"))
    return rows.values_list("metric", "reason").annotate(count=Count("pk")).order_by("-count", "reason")


def _state(metric: CustomMetric, counts: dict[str, int], runs: int) -> MetricState:
    reasons = tuple((reason, count) for reason, count in counts.items() if reason)
    return MetricState(metric, counts.get("", 0), reasons, runs)
