"""The rules by which the installation is healthy, degraded or unhealthy: data, judged by health_states.judge.

``MLOPSPRO_HEALTH`` replaces their thresholds (docs/operations.md). Essential rules must have been measured before all
of it is healthy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from monitoring.services.health_states import Check, Reading, Rule, State, judge
from monitoring.services.request_times import GROUPS

GROUP_NAMES = {
    "recommend": "recommendations",
    "predict": "predictions",
    "ingest": "ingest",
    "page": "pages",
    "api": "the API",
}
ROLE_NAMES = {
    "web": "Web server",
    "worker-io": "Worker for upkeep",
    "worker-train": "Training worker",
    "beat": "Scheduler",
    "log-shipper": "Log shipper",
}
TRACKER_NAMES = {"mlflow": "MLflow", "wandb": "Weights & Biases", "registry": "MLflow's registry"}
_P95 = {
    "recommend": (50, 500),
    "predict": (100, 1000),
    "ingest": (1000, 10_000),
    "page": (250, 2000),
    "api": (500, 5000),
}
_SLOW = {
    "recommend": "Look at the load of the web servers; add web processes (MLOPSPRO_WEB_WORKERS) or a smaller model.",
    "predict": "Look at the load of the web servers; add web processes or a smaller model.",
    "ingest": "Send smaller batches less often at once, and look at the database's disk.",
    "page": "Look at the load of web servers and database.",
    "api": "Look at the load of web servers and database.",
}
_SILENT = {
    "web": "Look at web.log.",
    "worker-io": "Start it again and look at worker-io.log: without it nothing is dispatched, delivered or counted.",
    "worker-train": "Start it again and look at worker-train.log: runs wait until it lives.",
    "beat": "Start it again and look at beat.log: nothing that is due is begun without it.",
    "log-shipper": "Start it again and look at log-shipper.log: the log's entries wait in files until it lives.",
}
_ESSENTIAL_ROLES = ("web", "worker-io", "worker-train", "beat")

RULES: tuple[Rule, ...] = (
    Rule(
        "database", "Connecting to the database", "ms", 250, 2000,
        "Look at the database's load and at max_connections.", essential=True,
    ),
    Rule(
        "redis", "Processes that do not reach Redis", "count", 0, None,
        "Start Redis again. Jobs go on and wait in the database; pages work without it.", essential=True,
    ),
    Rule("schema", "Migrations not applied", "count", None, 0, "Run manage.py migrate.", essential=True),
    *(
        Rule(
            f"silence.{role}", f"{name}: silence", "seconds", 30, 300, _SILENT[role],
            essential=role in _ESSENTIAL_ROLES,
        )
        for role, name in ROLE_NAMES.items()
    ),
    Rule(
        "lost_processes", "Processes lost and not replaced", "count", 0, None,
        "Look at the machines they ran on; what is lost for a day is forgotten.",
    ),
    *(
        Rule(
            f"response_time.{group}", f"Response time of {GROUP_NAMES[group]}, P95", "ms", *_P95[group], _SLOW[group],
            smallest_sample=100,
        )
        for group in GROUPS
    ),
    Rule(
        "error_rate", "Requests that failed", "share", 0.01, 0.05, "Look for errors in web.log.", smallest_sample=20
    ),
    Rule(
        "waiting_messages", "Messages waiting for the worker for upkeep", "count", 200, 2000,
        "Start more workers of the queue io.",
    ),
    Rule(
        "waiting_jobs", "Longest wait of a job while none runs", "seconds", 60, 600,
        "Start a training worker; look at worker-train.log.",
    ),
    *(
        Rule(
            f"outbox.{tracker}", f"Oldest message waiting for {name}", "seconds", 300, None,
            "Nothing is lost: it is sent when the tracker answers. See whether it does.",
        )
        for tracker, name in TRACKER_NAMES.items()
    ),
    Rule(
        "mlflow", "MLflow: time without an answer", "seconds", 150, None,
        "Start MLflow again; runs train on and are mirrored later.",
    ),
    Rule(
        "spool_age", "Oldest log entry not yet in the database", "seconds", 60, 900,
        "Look at log-shipper.log and at the database.",
    ),
    Rule(
        "spool_size", "Log entries waiting in files", "bytes", 100e6, 1e9,
        "Look at log-shipper.log; the disk must hold them until they are in the database.",
    ),
    Rule(
        "windows_lag", "Counting of windows behind by", "seconds", 60, 900,
        "Look at worker-io.log; the figures of the monitoring pages are older than they say.",
    ),
    Rule("disk.var", "Free on the disk of var/", "share", 0.10, 0.03, "Free space or enlarge it.", below=True),
    Rule("disk.data", "Free on the data root's disk", "share", 0.10, 0.03, "Free space or enlarge it.", below=True),
    Rule(
        "loading_problems", "Versions that do not load", "count", 0, None,
        "The version before goes on answering. Roll back, or register and promote it again.",
    ),
    Rule(
        "losses", "Log entries lost in the last day", "count", 0, 1000,
        "Look at disk space and at the losses listed below.",
    ),
)  # fmt: skip
KEYS = tuple(rule.key for rule in RULES)


def judge_all(readings: Mapping[str, Reading]) -> list[Check]:
    """A check for each rule in their order; a rule without a reading is unknown."""
    return [judge(rule, readings.get(rule.key, Reading(None))) for rule in rules()]


def overall(checks: Iterable[Check]) -> State:
    """The worst state of all; unknown where nothing is wrong and something essential was not measured."""
    checks = list(checks)
    states = {check.state for check in checks}
    for state in (State.UNHEALTHY, State.DEGRADED):
        if state in states:
            return state
    if not checks or any(check.rule.essential and check.state is State.UNKNOWN for check in checks):
        return State.UNKNOWN
    return State.HEALTHY


def rules() -> tuple[Rule, ...]:
    """RULES with the thresholds of ``settings.HEALTH_THRESHOLDS``. Raises ImproperlyConfigured."""
    return _with_thresholds(tuple(sorted(settings.HEALTH_THRESHOLDS.items())))


@lru_cache(maxsize=4)
def _with_thresholds(given: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    for key, _ in given:
        if key not in KEYS:
            raise ImproperlyConfigured(f"MLOPSPRO_HEALTH names {key!r}; there are {', '.join(KEYS)}")
    found = dict(given)
    return tuple(_changed(rule, found[rule.key]) if rule.key in found else rule for rule in RULES)


def _changed(rule: Rule, text: str) -> Rule:
    """The rule with the thresholds of "degraded/unhealthy"; a dash, or nothing, is never."""
    parts = text.split("/")
    wanted = "accepted is degraded/unhealthy, as 0.02/0.1, with - for never"
    if len(parts) != 2:
        raise ImproperlyConfigured(f"MLOPSPRO_HEALTH: {rule.key} is {text!r}; {wanted}")
    try:
        degraded, unhealthy = (None if part.strip() in ("", "-") else float(part) for part in parts)
    except ValueError:
        raise ImproperlyConfigured(f"MLOPSPRO_HEALTH: {rule.key} is {text!r}; {wanted}") from None
    if any(edge is not None and not 0 <= edge < float("inf") for edge in (degraded, unhealthy)):
        raise ImproperlyConfigured(f"MLOPSPRO_HEALTH: {rule.key} is {text!r}; 0 and more are accepted")
    if (
        degraded is not None
        and unhealthy is not None
        and (unhealthy > degraded if rule.below else unhealthy < degraded)
    ):
        order = "most" if rule.below else "least"
        raise ImproperlyConfigured(f"MLOPSPRO_HEALTH: {rule.key} is {text!r}; unhealthy must be at {order} degraded")
    return replace(rule, degraded=degraded, unhealthy=unhealthy)
