"""Once a minute, in the process of the worker for upkeep: probes, upkeep of these tables, and the verdict kept.

It runs in that process's beat thread and not as a Celery task, because Redis being away is one of the things that it
must notice. Of several workers one looks: whoever claims the row. The row (a ProcessBeat called "health") holds the
verdict, since when each check has its state, and the last changes of state.
"""

from __future__ import annotations

import datetime as dt
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from monitoring.models import ProcessBeat
from monitoring.selectors.health import Verdict, verdict
from monitoring.selectors.health_figures import stale_head
from monitoring.selectors.processes import HEALTH, MLFLOW, processes
from monitoring.services import service_minutes
from monitoring.services.health_states import State

log = structlog.get_logger(__name__)
EVERY = dt.timedelta(minutes=1)
FORGOTTEN_AFTER = dt.timedelta(days=1)
PROBE_SECONDS = 2.0
CHANGES_KEPT = 50


def look(now: dt.datetime | None = None) -> Verdict | None:
    """One look, if none was taken within the last minute; None where another one was."""
    now = now or timezone.now()
    if not _claim(now):
        return None
    probe_mlflow()
    service_minutes.fold(now)
    forget_processes(now)
    kept = ProcessBeat.objects.get(name=HEALTH)
    # Written before the verdict, which reads them.
    stale, seen = _stale(now, kept.details.get("stale", {})), _seen(now, kept.details.get("seen", {}))
    kept.details |= {"schema": schema(), "stale": stale, "seen": seen}
    kept.save(update_fields=["details"])
    found = verdict(max_age=0)
    kept.details = _noted(found, kept.details, now)
    kept.save(update_fields=["details"])
    return found


def _claim(now: dt.datetime) -> bool:
    fresh = {"started_at": now, "beat_at": now, "details": {}}
    row, made = ProcessBeat.objects.get_or_create(name=HEALTH, host="", pid=0, defaults=fresh)
    if made:
        return True
    due = ProcessBeat.objects.filter(pk=row.pk, beat_at__lte=now - EVERY)
    return due.update(beat_at=now) == 1


def probe_mlflow() -> None:
    """Asks MLflow for a sign of life. Its row's time is that of its last answer."""
    address, now = urlsplit(settings.MLFLOW_TRACKING_URI), timezone.now()
    if address.scheme not in ("http", "https"):
        return
    began, error = time.perf_counter(), ""
    try:
        with urllib.request.urlopen(f"{settings.MLFLOW_TRACKING_URI}/health", timeout=PROBE_SECONDS):  # noqa: S310
            pass
    except OSError as problem:
        error = str(getattr(problem, "reason", problem))[:200]
    details = {"ms": round((time.perf_counter() - began) * 1000, 2), "checked_at": now.isoformat(), "error": error}
    # One that is still starting has until the rule's threshold to answer for the first time.
    row, made = ProcessBeat.objects.get_or_create(
        name=MLFLOW, host=address.netloc.rpartition("@")[2][:120], pid=0,
        defaults={"started_at": now, "beat_at": now, "details": details},
    )  # fmt: skip
    ProcessBeat.objects.filter(name=MLFLOW).exclude(pk=row.pk).delete()
    if not made:
        ProcessBeat.objects.filter(pk=row.pk).update(details=details, **({} if error else {"beat_at": now}))


def forget_processes(now: dt.datetime) -> int:
    """Deletes rows of processes that have been lost for a day; returns how many."""
    lost = ProcessBeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).exclude(name__in=(MLFLOW, HEALTH))
    return lost.delete()[0]


def schema() -> dict[str, Any]:
    """{"pending": migrations of the code that the database lacks, "applied": the newest of each of our apps}."""
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    ours = ("accounts", "experiments", "monitoring")
    applied = {app: name for app, name in sorted(executor.loader.applied_migrations) if app in ours}
    return {"pending": len(pending), "applied": applied}


def _seen(now: dt.datetime, before: dict[str, str]) -> dict[str, str]:
    """When a process of each role last lived: one that said goodbye has no row to tell it."""
    return before | {one.name: now.isoformat() for one in processes().alive}


def _stale(now: dt.datetime, before: dict[str, Any]) -> dict[str, Any]:
    head = stale_head()
    if head is not None and before.get("head") == head:
        return before
    return {"head": head, "since": now.isoformat()}


def _noted(found: Verdict, before: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """The verdict with since when each state holds, and what changed since the last look."""
    known, at = before.get("checks", {}), now.isoformat()
    checks, changes = {}, []
    for check in found.checks:
        earlier = known.get(check.rule.key, {})
        same = earlier.get("state") == check.state
        checks[check.rule.key] = {"state": check.state.value, "since": earlier["since"] if same else at}
        if earlier and not same:
            changes.append(_change(at, check.rule.key, earlier["state"], check.state, check.reason))
    if before.get("status") not in (None, found.status):
        log.warning("health changed", before=before["status"], now=found.status.value, reasons=found.reasons)
        changes.append(_change(at, "all", before["status"], found.status, " ".join(found.reasons)))
    since = before["since"] if before.get("status") == found.status else at
    kept = [*changes[::-1], *before.get("changes", [])][:CHANGES_KEPT]
    return before | {"status": found.status.value, "since": since, "checks": checks, "changes": kept}


def _change(at: str, check: str, before: str, now: State, reason: str) -> dict[str, str]:
    return {"at": at, "check": check, "before": before, "now": now.value, "reason": reason[:500]}
