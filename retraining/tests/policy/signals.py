"""Inputs for tests: a model that does well on a Wednesday, and what may happen to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from retraining.policy.inputs import Inputs, Reading

NOW = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
WELL = {"performance": 0.82, "degradation": 0.02, "drift": 0.05, "instability": 0.04, "cost": 31.0}


def reading(value: float | None, sample: int = 2140, at: datetime = NOW) -> Reading:
    return Reading(value, sample, 200, at, "judged lists of the last 24 hours")


def inputs(**changes: Any) -> Inputs:
    """A number stands for a reading of it."""
    found = Inputs(NOW, **{name: reading(value) for name, value in WELL.items()}, schedule_since=NOW)
    named = {
        name: reading(value) if name in WELL and isinstance(value, float) else value for name, value in changes.items()
    }
    return replace(found, **named)
