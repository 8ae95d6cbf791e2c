"""Figures as readings of the rules, one function a part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from monitoring.models import LogLoss
from monitoring.selectors.health_figures import Figures, problems_of
from monitoring.selectors.processes import MLFLOW, Process
from monitoring.selectors.service_times import by_group
from monitoring.services.health_rules import ROLE_NAMES
from monitoring.services.health_states import Reading

LOOK_SECONDS = 60.0
Part = Callable[[Figures], dict[str, Reading]]


def readings(figures: Figures) -> dict[str, Reading]:
    """Of every rule that something is known of, by its key."""
    found: dict[str, Reading] = {}
    for part in PARTS:
        found |= part(figures)
    return found


def _silences(figures: Figures) -> dict[str, Reading]:
    return {f"silence.{role}": _silence(figures, role) for role in ROLE_NAMES}


def _silence(figures: Figures, role: str) -> Reading:
    known = figures.processes.of(role)
    if known:
        alive = sum(not one.is_lost for one in known)
        return Reading(min(one.silent for one in known), note=f"{alive} live." if alive else "None lives.")
    seen = figures.watch.get("seen", {}).get(role)
    if seen is not None:
        # Looked at once a minute, so it may have said goodbye up to a minute after it was seen.
        silent = (figures.taken_at - dt.datetime.fromisoformat(seen)).total_seconds() - LOOK_SECONDS
        return Reading(max(silent, 0.0), note="None runs.")
    if role == "log-shipper" or figures.processes.is_starting or not figures.processes.alive:
        return Reading(None, note="None has been seen.")
    # Others have been there for a while and this one never came.
    others = max((one.beat_at - one.started_at).total_seconds() for one in figures.processes.alive)
    return Reading(max(others, 0.0), note="None runs.")


def _lost(figures: Figures) -> dict[str, Reading]:
    gone = figures.processes.not_replaced
    if not figures.processes.all:
        return {}
    names = ", ".join(f"{one.name} {one.host}/{one.pid}" for one in gone[:5])
    return {"lost_processes": Reading(len(gone), note=f"{names}." if names else "")}


def _reached(figures: Figures) -> dict[str, Reading]:
    """How the living processes reach the database and Redis."""
    alive = figures.processes.alive
    database = [one.details["database_ms"] for one in alive if "database_ms" in one.details]
    signs = [one for one in alive if "redis" in one.details]
    without = [one for one in signs if "error" in one.details["redis"]]
    found = {}
    if database:
        # The middle one: a single slow process is its own trouble, not the database's.
        found["database"] = Reading(sorted(database)[len(database) // 2])
    if signs:
        found["redis"] = Reading(len(without), note=_names(without))
    return found


def _names(some: list[Process]) -> str:
    return f"{', '.join(sorted({one.name for one in some}))}." if some else ""


def _waiting(figures: Figures) -> dict[str, Reading]:
    found = {}
    queues = _freshest_queues(figures)
    if queues is not None:
        found["waiting_messages"] = Reading(queues.get("io", 0))
    stuck = [
        (figures.taken_at - jobs.oldest).total_seconds()
        for jobs in figures.jobs.values()
        if jobs.oldest is not None and not jobs.running
    ]
    found["waiting_jobs"] = Reading(max([*stuck, 0.0]))
    return found


def _freshest_queues(figures: Figures) -> dict[str, int] | None:
    known = [one for one in figures.processes.alive if "queues" in one.details.get("redis", {})]
    if not known:
        return None
    queues: dict[str, int] = min(known, key=lambda one: one.silent).details["redis"]["queues"]
    return queues


def _answers(figures: Figures) -> dict[str, Reading]:
    groups = by_group(figures.recent)
    found = {f"response_time.{group}": Reading(times.p95, times.requests) for group, times in groups.items()}
    requests = sum(times.requests for times in groups.values())
    errors = sum(times.errors for times in groups.values())
    note = f"{errors} of {requests} in the last 10 minutes." if requests else ""
    found["error_rate"] = Reading(errors / requests if requests else None, requests, note)
    return found


def _trackers(figures: Figures) -> dict[str, Reading]:
    found = {
        f"outbox.{tracker}": Reading(
            (figures.taken_at - backlog.oldest).total_seconds() if backlog.oldest else 0.0,
            note=f"{backlog.waiting} wait." if backlog.waiting else "",
        )
        for tracker, backlog in figures.outbox.items()
    }
    checked = figures.processes.kept.get(MLFLOW)
    if checked is not None:
        found["mlflow"] = Reading(checked.silent, note=str(checked.details.get("error", "")))
    return found


def _log(figures: Figures) -> dict[str, Reading]:
    waiting = f"{figures.stale.minutes} minutes wait." if figures.stale.minutes else ""
    found = {"windows_lag": Reading(figures.stale.lag, note=waiting)}
    spools = [one.details["spool"] for one in figures.processes.alive if "spool" in one.details]
    if spools:
        found["spool_size"] = Reading(max(spool["bytes"] for spool in spools))
        oldest = [dt.datetime.fromisoformat(spool["oldest"]) for spool in spools if spool.get("oldest")]
        age = max(((figures.taken_at - at).total_seconds() for at in oldest), default=0.0)
        found["spool_age"] = Reading(max(age, 0.0))
    lost = [loss for loss in figures.losses if loss.reason == LogLoss.Reason.LOST_ENTRY]
    found["losses"] = Reading(sum(loss.count for loss in lost))
    return found


def _disks(figures: Figures) -> dict[str, Reading]:
    """The fullest of all hosts."""
    found = {}
    for name in ("var", "data"):
        known = [(one.host, one.details["disks"][name]) for one in _with_disks(figures, name)]
        if known:
            host, disk = min(known, key=lambda pair: pair[1]["free"] / max(pair[1]["total"], 1))
            found[f"disk.{name}"] = Reading(disk["free"] / max(disk["total"], 1), note=f"On {host}.")
    return found


def _with_disks(figures: Figures, name: str) -> Iterator[Process]:
    return (one for one in figures.processes.alive if name in one.details.get("disks", {}))


def _versions(figures: Figures) -> dict[str, Reading]:
    found = {}
    if "schema" in figures.watch:
        found["schema"] = Reading(figures.watch["schema"]["pending"])
    if figures.processes.of("web"):
        found["loading_problems"] = Reading(len(problems_of(figures.processes)))
    return found


PARTS: tuple[Part, ...] = (_silences, _lost, _reached, _waiting, _answers, _trackers, _log, _disks, _versions)
