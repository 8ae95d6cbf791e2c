"""The figures of /metrics in Prometheus' words. Names and meanings are documented in docs/operations.md.

Counters are sums of rows in PostgreSQL and not of prometheus_client's files: any process of any host gives the same
answer, nothing is lost when one restarts, and a request pays nothing for them. They are up to ten seconds behind.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from mlopspro.accounts.models import Workspace
from monitoring.selectors import live_figures
from monitoring.selectors.health import Verdict, verdict
from monitoring.selectors.processes import MLFLOW
from monitoring.selectors.service_times import by_group, for_ever
from monitoring.services.health_states import State

KEPT_SECONDS = 5.0
STATE_NUMBERS = {State.UNKNOWN: -1, State.HEALTHY: 0, State.DEGRADED: 1, State.UNHEALTHY: 2}
QUANTILES = (0.5, 0.95, 0.99)
Labelled = tuple[tuple[str, ...], float]

_lock = threading.Lock()
_kept: dict[uuid.UUID | None, tuple[float, bytes]] = {}


def exposition(workspace: Workspace | None) -> bytes:
    """The page in Prometheus' text format, made anew at most every few seconds.

    With a workspace, models and losses are those of it alone; what is said of the installation is the same for all.
    """
    key = workspace.pk if workspace is not None else None
    with _lock:
        known = _kept.get(key)
        if known is None or time.monotonic() - known[0] > KEPT_SECONDS:
            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Figures(workspace))
            known = _kept[key] = (time.monotonic(), generate_latest(registry))
        return known[1]


def forget() -> None:
    """For tests."""
    _kept.clear()


class _Figures(Collector):
    def __init__(self, workspace: Workspace | None) -> None:
        self.workspace = workspace

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        found = verdict()
        for part in (_health, _answers, _work, _processes, _backlogs, _hosts):
            yield from part(found)
        yield from _models(self.workspace)


def _gauge(name: str, words: str, labels: tuple[str, ...], samples: Iterable[Labelled]) -> Metric:
    return _family(GaugeMetricFamily, name, words, labels, samples)


def _counter(name: str, words: str, labels: tuple[str, ...], samples: Iterable[Labelled]) -> Metric:
    return _family(CounterMetricFamily, name, words, labels, samples)


def _family(
    kind: Callable[..., GaugeMetricFamily | CounterMetricFamily],
    name: str,
    words: str,
    labels: tuple[str, ...],
    samples: Iterable[Labelled],
) -> Metric:
    family = kind(f"mlopspro_{name}", words, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _health(found: Verdict) -> Iterator[Metric]:
    scale = "0 healthy, 1 degraded, 2 unhealthy, -1 not measured"
    yield _gauge("health_status", f"Of the installation: {scale}.", (), [((), STATE_NUMBERS[found.status])])
    checks = [((check.rule.key,), STATE_NUMBERS[check.state]) for check in found.checks]
    yield _gauge("health_check", f"Of each check: {scale}.", ("check",), checks)


def _answers(found: Verdict) -> Iterator[Metric]:
    ever = for_ever()
    requests = [((group,), total) for group, (total, _, _) in ever.items()]
    errors = [((group,), failed) for group, (_, failed, _) in ever.items()]
    yield _counter("http_requests", "Answers by group of addresses.", ("group",), requests)
    yield _counter("http_errors", "Answers of 500 and more.", ("group",), errors)
    times = Metric("mlopspro_http_response_seconds", "Time to answer; quantiles of the last 10 minutes.", "summary")
    recent = by_group(found.figures.recent)
    for group, (total, _, total_ms) in ever.items():
        for share in QUANTILES:
            milliseconds = recent[group].quantile(share) if group in recent else None
            value = float("nan") if milliseconds is None else milliseconds / 1000
            times.add_sample(times.name, {"group": group, "quantile": str(share)}, value)
        times.add_sample(f"{times.name}_count", {"group": group}, total)
        times.add_sample(f"{times.name}_sum", {"group": group}, total_ms / 1000)
    yield times


def _work(found: Verdict) -> Iterator[Metric]:
    figures = found.figures
    known = [one for one in figures.processes.alive if "queues" in one.details.get("redis", {})]
    queues = min(known, key=lambda one: one.silent).details["redis"]["queues"] if known else {}
    yield _gauge("queue_messages", "Messages waiting in Redis.", ("queue",), [((n,), v) for n, v in queues.items()])
    jobs = [
        ((kind, status), count)
        for kind, one in figures.jobs.items()
        for status, count in (("queued", one.queued), ("running", one.running))
    ]
    yield _gauge("jobs", "Jobs that wait or run.", ("kind", "status"), jobs)
    waits = [
        ((kind,), (figures.taken_at - one.oldest).total_seconds() if one.oldest else 0.0)
        for kind, one in figures.jobs.items()
    ]
    yield _gauge("job_oldest_wait_seconds", "Wait of the job that has waited longest.", ("kind",), waits)


def _processes(found: Verdict) -> Iterator[Metric]:
    labels, every = ("process", "host", "pid"), found.figures.processes.all
    named = [((one.name, one.host, str(one.pid)), one) for one in every]
    ages = [(values, one.silent) for values, one in named]
    yield _gauge("process_beat_age_seconds", "Since the last sign of life.", labels, ages)
    up = [(values, float(not one.is_lost)) for values, one in named]
    yield _gauge("process_up", "1 while signs of life come.", labels, up)
    for key, name, words, factor in (
        ("memory_bytes", "process_memory_bytes", "Resident memory.", 1),
        ("database_ms", "database_connect_seconds", "From no connection to a first answer.", 0.001),
    ):
        samples = [(values, one.details[key] * factor) for values, one in named if key in one.details]
        yield _gauge(name, words, labels, samples)
    redis = [(values, float("error" not in one.details["redis"])) for values, one in named if "redis" in one.details]
    yield _gauge("redis_up", "1 where the process reaches Redis.", labels, redis)
    mlflow = found.figures.processes.kept.get(MLFLOW)
    known = [((), float(not mlflow.details.get("error")))] if mlflow is not None else []
    yield _gauge("mlflow_up", "1 if MLflow answered when last asked.", (), known)


def _backlogs(found: Verdict) -> Iterator[Metric]:
    figures, outbox = found.figures, found.figures.outbox.items()
    yield _gauge("outbox_entries", "Messages that wait.", ("tracker",), [((n,), one.waiting) for n, one in outbox])
    ages = [((n,), (figures.taken_at - one.oldest).total_seconds() if one.oldest else 0.0) for n, one in outbox]
    yield _gauge("outbox_oldest_seconds", "Wait of the oldest message.", ("tracker",), ages)
    yield _gauge("stale_minutes", "Minutes to be counted again, at most 10,000.", (), [((), figures.stale.minutes)])
    yield _gauge("windows_lag_seconds", "Since when none was counted.", (), [((), figures.stale.lag)])
    readings = {check.rule.key: check.reading.value for check in found.checks}
    spool = [("spool_bytes", "Log entries waiting in files.", "spool_size")]
    spool.append(("spool_oldest_seconds", "Age of the oldest of them.", "spool_age"))
    for name, words, key in spool:
        value = readings.get(key)
        yield _gauge(name, f"{words} The worst host.", (), [] if value is None else [((), value)])


def _hosts(found: Verdict) -> Iterator[Metric]:
    disks = {
        (one.host, name): disk
        for one in found.figures.processes.alive
        for name, disk in one.details.get("disks", {}).items()
    }
    for word in ("free", "total"):
        samples = [(place, disk[word]) for place, disk in disks.items()]
        yield _gauge(f"disk_{word}_bytes", "Disks of var/ and of the data root.", ("host", "disk"), samples)
    partitions = [((name,), size) for name, size in live_figures.partition_bytes().items()]
    yield _gauge("partition_bytes", "Partitions of the log with indexes.", ("partition",), partitions)


def _models(workspace: Workspace | None) -> Iterator[Metric]:
    labels = ("workspace", "model", "version", "role")
    served = [((one.workspace, one.model, one.version, one.role), one) for one in live_figures.served(workspace)]
    for name, words, column in (
        ("predictions", "Logged predictions.", "predictions"),
        ("prediction_errors", "Of these, failed ones.", "errors"),
        ("predictions_labelled", "Of these, with feedback.", "labelled"),
    ):
        yield _counter(name, words, labels, [(values, getattr(one, column)) for values, one in served])
    live: dict[tuple[str, ...], float] = {}
    for one in live_figures.live_versions(workspace):
        # Models that were archived keep their name, so two may have one; a series may stand there once only.
        values = (one.workspace, one.model, one.version, one.role)
        live[values] = live.get(values, 0.0) + one.share
    yield _gauge("live_version_share", "Share of the traffic of versions that are live.", labels, live.items())
    stages = [((stage,), count) for stage, count in live_figures.stages(workspace).items()]
    yield _gauge("model_versions", "Registered versions by stage.", ("stage",), stages)
    losses = [((reason,), count) for reason, count in live_figures.losses(workspace).items()]
    yield _counter("log_losses", "What did not get into the log as it was sent.", ("reason",), losses)
