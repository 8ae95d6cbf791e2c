"""What /readyz adds to "the database answers": words about the rest, and nothing that tells of addresses or data."""

from __future__ import annotations

import structlog
from django.db import DatabaseError

from monitoring.selectors.health import verdict
from monitoring.services.health_states import State

CHECKS = {
    "redis": ("redis",),
    "mlflow": ("mlflow",),
    "workers": ("silence.worker-io", "silence.worker-train", "silence.beat"),
}
_WORDS = {State.HEALTHY: "ok", State.DEGRADED: "degraded", State.UNHEALTHY: "degraded", State.UNKNOWN: "unknown"}
_ORDER = ("degraded", "unknown", "ok")
log = structlog.get_logger(__name__)


def parts() -> dict[str, str]:
    """ok, degraded or unknown of each part that the site can do without for a while. Never raises for the database."""
    try:
        states = {check.rule.key: check.state for check in verdict().checks}
    except DatabaseError as error:
        log.warning("readiness not judged", error=str(error).splitlines()[0] if str(error) else "")
        return dict.fromkeys(CHECKS, "unknown")
    words = {part: {_WORDS[states[key]] for key in keys} for part, keys in CHECKS.items()}
    return {part: next(word for word in _ORDER if word in found) for part, found in words.items()}
