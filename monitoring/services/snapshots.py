"""Snapshots: the state of a model at a moment, captured from its windows or sent by who serves it elsewhere."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from experiments.models import Experiment, RegisteredModel
from experiments.services.spec import Problem, Refused
from monitoring.models import Snapshot, Source
from monitoring.services.log_days import CLOCK_SKEW

MOST_BYTES = 64 * 1024
"""Of each part, as JSON."""


def record(
    model: RegisteredModel,
    *,
    through: str,
    performance: Mapping[str, Any],
    freshness: Mapping[str, Any] | None = None,
    drift: Mapping[str, Any] | None = None,
    alerts: list[Any] | None = None,
    source: Source | None = None,
    experiment: Experiment | None = None,
    kind: str = Snapshot.Kind.INFERENCE,
    captured_at: dt.datetime | None = None,
) -> Snapshot:
    """Raises Refused where a part is too large, or the time lies in the future."""
    now = timezone.now()
    parts: dict[str, Any] = {
        "performance": performance,
        "drift": drift or {},
        "freshness": freshness or {},
        "alerts": alerts or [],
    }
    problems = [Problem(name, words) for name, part in parts.items() if (words := _refused(part))]
    if captured_at is not None and captured_at > now + CLOCK_SKEW:
        problems.append(Problem("captured_at", f"{captured_at.isoformat()} lies in the future; accepted: up to now"))
    if problems:
        raise Refused(problems)
    return Snapshot.objects.create(
        model=model, source=source, experiment=experiment, kind=kind, captured_at=captured_at or now, through=through,
        **parts,
    )  # fmt: skip


def _refused(part: object) -> str:
    try:
        size = len(json.dumps(part, allow_nan=False))
    except ValueError:
        return "holds NaN or infinity; accepted: finite numbers, or null"
    return f"is {size:,} bytes of JSON; up to {MOST_BYTES:,} are accepted" if size > MOST_BYTES else ""
