"""What the rules of health look at, gathered with a fixed number of small queries and kept for a few seconds.

Nothing here asks Redis, MLflow or a disk: processes measure those with their signs of life.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from experiments.jobs.kinds import MODELS
from experiments.models import JobStatus, OutboxEntry, RegistryMessage
from monitoring.models import LogLoss, ServiceMinute, StaleMinute
from monitoring.selectors.processes import HEALTH, Processes, processes
from monitoring.selectors.service_times import RECENT, rows_since

KEPT_SECONDS = 5.0
MOST_STALE = 10_000


@dataclass(frozen=True)
class Backlog:
    """Messages that a tracker has not taken yet."""

    waiting: int
    oldest: dt.datetime | None


@dataclass(frozen=True)
class Waiting:
    """Jobs of one kind."""

    queued: int
    running: int
    oldest: dt.datetime | None


@dataclass(frozen=True)
class Stale:
    """Minutes to be counted again (at most MOST_STALE are counted) and how long none was taken, in seconds."""

    minutes: int
    lag: float


@dataclass(frozen=True)
class Loss:
    workspace_id: uuid.UUID | None
    reason: LogLoss.Reason
    count: int
    detail: str
    last_at: dt.datetime


@dataclass(frozen=True)
class Figures:
    """Everything at one moment."""

    taken_at: dt.datetime
    processes: Processes
    recent: list[ServiceMinute]
    jobs: dict[str, Waiting]
    outbox: dict[str, Backlog]
    stale: Stale
    losses: list[Loss]

    @property
    def watch(self) -> dict[str, Any]:
        """What the watch keeps; empty where it never looked."""
        row = self.processes.kept.get(HEALTH)
        return row.details if row is not None else {}


_lock = threading.Lock()
_kept: tuple[float, Figures] | None = None


def figures(max_age: float = KEPT_SECONDS) -> Figures:
    """The figures as of now or of up to ``max_age`` seconds ago; of requests at once, one gathers."""
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > max_age:
            _kept = (time.monotonic(), gather())
        return _kept[1]


def forget() -> None:
    """For tests."""
    global _kept
    _kept = None


def gather() -> Figures:
    """Eight queries however large the installation is."""
    now, found = timezone.now(), processes()
    kept = found.kept.get(HEALTH)
    return Figures(
        taken_at=now,
        processes=found,
        recent=rows_since(now - RECENT),
        jobs={kind: _jobs(model) for kind, model in MODELS.items()},
        outbox=_outbox(),
        stale=_stale(now, kept.details if kept is not None else {}),
        losses=_losses(now),
    )


def _jobs(model: Any) -> Waiting:
    rows = model._default_manager.filter(model.WORKED_OFF, status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    queued = Q(status=JobStatus.QUEUED) & (Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()))
    found = rows.aggregate(
        queued=Count("pk", filter=Q(status=JobStatus.QUEUED)),
        running=Count("pk", filter=Q(status=JobStatus.RUNNING)),
        oldest=Min("queued_at", filter=queued),
    )
    return Waiting(**found)


def _outbox() -> dict[str, Backlog]:
    waiting = OutboxEntry.objects.filter(delivered_at__isnull=True).values_list("tracker_run__tracker")
    found = {
        tracker: Backlog(count, oldest)
        for tracker, count, oldest in waiting.annotate(Count("pk"), Min("created_at")).order_by()
    }
    registry = RegistryMessage.objects.filter(delivered_at__isnull=True)
    of_registry = registry.aggregate(waiting=Count("pk"), oldest=Min("created_at"))
    return {"mlflow": Backlog(0, None), "wandb": Backlog(0, None)} | found | {"registry": Backlog(**of_registry)}


def stale_head() -> int | None:
    """The oldest minute to be counted again: while it stays the same, nothing is being counted."""
    return StaleMinute.objects.order_by("pk").values_list("pk", flat=True).first()


def _stale(now: dt.datetime, watch: dict[str, Any]) -> Stale:
    found = list(StaleMinute.objects.order_by("pk").values_list("pk", flat=True)[:MOST_STALE])
    seen = watch.get("stale", {})
    if not found or seen.get("head") != found[0]:
        return Stale(len(found), 0.0)
    return Stale(len(found), max(0.0, (now - dt.datetime.fromisoformat(seen["since"])).total_seconds()))


def _losses(now: dt.datetime) -> list[Loss]:
    day_ago = now - dt.timedelta(days=1)
    rows = LogLoss.objects.filter(day__gte=day_ago.date(), last_at__gte=day_ago).order_by("-last_at")
    return [Loss(row.workspace_id, LogLoss.Reason(row.reason), row.count, row.detail, row.last_at) for row in rows]


def problems_of(found: Processes) -> list[dict[str, str]]:
    """Versions that some web process could not load, each once: {model, model_id, version, problem}."""
    return _once(problem for one in found.alive for problem in one.details.get("loading_problems", []))


def _once(problems: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return list({(one.get("model_id"), one.get("version"), one.get("problem")): one for one in problems}.values())
