"""The verdict as plain data, for the API and the command."""

from __future__ import annotations

from typing import Any

from mlopspro.accounts.models import Workspace
from monitoring.selectors.health import Health, Verdict, losses_for, problems_for
from monitoring.selectors.service_times import Times


def document(found: Verdict) -> dict[str, Any]:
    """Status, reasons, recommendations and every check."""
    return {
        "status": found.status.value,
        "checked_at": found.figures.taken_at.isoformat(),
        "reasons": found.reasons,
        "recommendations": found.recommendations,
        "checks": [
            {
                "check": check.rule.key,
                "name": check.rule.name,
                "status": check.state.value,
                "value": check.reading.value,
                "unit": check.rule.unit,
                "sample": check.reading.sample,
                "degraded": check.rule.degraded,
                "unhealthy": check.rule.unhealthy,
                "reason": check.reason,
                "recommendation": check.advice,
            }
            for check in found.checks
        ],
    }


def system_document(health: Health, workspace: Workspace) -> dict[str, Any]:
    """The same with answers, processes, queues, backlogs and what was lost, as the workspace may see it."""
    figures = health.figures
    return document(health) | {
        "period": health.span.key,
        "since": health.start.isoformat(),
        "answers": _times(health.total),
        "groups": {group: _times(times) for group, times in health.groups.items()},
        "processes": [
            {
                "name": one.name,
                "host": one.host,
                "pid": one.pid,
                "status": "lost" if one.is_lost else "alive",
                "started_at": one.started_at.isoformat(),
                "beat_at": one.beat_at.isoformat(),
                "silent_seconds": round(one.silent, 1),
            }
            for one in figures.processes.all
        ],
        "jobs": {kind: {"queued": jobs.queued, "running": jobs.running} for kind, jobs in figures.jobs.items()},
        "outbox": {tracker: backlog.waiting for tracker, backlog in figures.outbox.items()},
        "stale_minutes": figures.stale.minutes,
        "loading_problems": problems_for(figures, workspace),
        "losses": [
            {
                "reason": loss.reason.value,
                "count": loss.count,
                "last_at": loss.last_at.isoformat(),
                "detail": loss.detail,
            }
            for loss in losses_for(figures, workspace)
        ],
    }


def _times(times: Times) -> dict[str, Any]:
    """Milliseconds; null where nothing was answered."""
    return {
        "requests": times.requests,
        "errors": times.errors,
        "error_rate": times.error_rate,
        "average_ms": times.average,
        "p50_ms": times.p50,
        "p95_ms": times.p95,
        "p99_ms": times.p99,
    }
