"""The processes of the installation by their last signs of life, and what is kept beside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from monitoring.models import ProcessBeat
from monitoring.services import beats
from monitoring.services.health_rules import ROLE_NAMES

MLFLOW, HEALTH = "mlflow", "health"
"""Rows of what is no process of ours: kept by the watch (monitoring/health_watch.py)."""
STARTING_SECONDS = 120.0


@dataclass(frozen=True)
class Process:
    """``silent`` is seconds since its last sign of life, by the database's clock."""

    name: str
    host: str
    pid: int
    started_at: dt.datetime
    beat_at: dt.datetime
    silent: float
    details: dict[str, Any]

    @property
    def is_lost(self) -> bool:
        return self.silent > beats.lost_after()

    @property
    def title(self) -> str:
        return ROLE_NAMES.get(self.name, self.name)

    @property
    def status_label(self) -> str:
        return "Lost" if self.is_lost else "Lives"

    @property
    def status_tone(self) -> str:
        return "bad" if self.is_lost else "good"

    @property
    def status_icon(self) -> str:
        return "unplug" if self.is_lost else "heart-pulse"


@dataclass(frozen=True)
class Processes:
    """All of them; ``kept`` are the rows of MLFLOW and HEALTH by name."""

    all: Sequence[Process]
    kept: dict[str, Process]

    @property
    def alive(self) -> list[Process]:
        return [one for one in self.all if not one.is_lost]

    def of(self, role: str) -> list[Process]:
        return [one for one in self.all if one.name == role]

    @property
    def lost(self) -> list[Process]:
        return [one for one in self.all if one.is_lost]

    @property
    def not_replaced(self) -> list[Process]:
        """Lost ones without another of the same role that began when they fell silent, or later."""
        return [gone for gone in self.lost if not any(self._replaces(one, gone) for one in self.alive)]

    def _replaces(self, one: Process, gone: Process) -> bool:
        margin = dt.timedelta(seconds=beats.seconds_between())
        return one.name == gone.name and one.started_at >= gone.beat_at - margin

    @property
    def is_starting(self) -> bool:
        """Whether the first of them began less than two minutes ago, so that others may still be on their way."""
        age = max((one.silent + (one.beat_at - one.started_at).total_seconds() for one in self.alive), default=0.0)
        return age < STARTING_SECONDS


def processes() -> Processes:
    """One query."""
    silent = ExpressionWrapper(Now() - F("beat_at"), output_field=DurationField())
    rows = ProcessBeat.objects.annotate(silent=silent).order_by("name", "host", "pid")
    found = [
        Process(row.name, row.host, row.pid, row.started_at, row.beat_at, row.silent.total_seconds(), row.details)
        for row in rows
    ]
    ours = [one for one in found if one.name not in (MLFLOW, HEALTH)]
    return Processes(ours, {one.name: one for one in found if one.name in (MLFLOW, HEALTH)})
