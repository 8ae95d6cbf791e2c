"""The tour as pages show it. Two queries, whatever it did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from mlopspro.accounts.models import Workspace
from retraining.models import Tour, TourStep

SILENT = dt.timedelta(seconds=45)
"""Without a word of its driver for so long, a tour that is under way counts as interrupted."""
ON_HOME = dt.timedelta(days=1)
_LOOKS = {
    TourStep.State.WAITING: ("neutral", "circle", "Waits"),
    TourStep.State.RUNNING: ("info", "loader-circle", "Under way"),
    TourStep.State.DONE: ("good", "circle-check", "Done"),
    TourStep.State.FAILED: ("bad", "circle-x", "Failed"),
}


@dataclass(frozen=True)
class StepView:
    """``seconds``: how long it took, or takes by now; None before it began."""

    row: TourStep
    seconds: float | None

    @property
    def tone(self) -> str:
        return _LOOKS[TourStep.State(self.row.state)][0]

    @property
    def icon(self) -> str:
        return _LOOKS[TourStep.State(self.row.state)][1]

    @property
    def word(self) -> str:
        return _LOOKS[TourStep.State(self.row.state)][2]

    @property
    def why(self) -> str:
        return str(self.row.evidence.get("why", ""))

    @property
    def links(self) -> list[dict[str, str]]:
        return list(self.row.evidence.get("links", []))

    @property
    def is_running(self) -> bool:
        return self.row.state == TourStep.State.RUNNING


@dataclass(frozen=True)
class TourView:
    """One tour with its steps; ``interrupted``: its driver has not been heard of for a while."""

    tour: Tour
    steps: list[StepView]
    interrupted: bool
    now: dt.datetime = field(default_factory=timezone.now)

    @property
    def done(self) -> int:
        return sum(one.row.state == TourStep.State.DONE for one in self.steps)

    @property
    def progress(self) -> float:
        return self.done / len(self.steps) if self.steps else 0.0

    @property
    def current(self) -> StepView | None:
        """Which is under way, or failed."""
        states = (TourStep.State.RUNNING, TourStep.State.FAILED)
        return next((one for one in self.steps if one.row.state in states), None)

    @property
    def numbers(self) -> dict[str, int]:
        """Numbers of the steps by key."""
        return {one.row.key: one.row.number for one in self.steps}

    @property
    def heading(self) -> str:
        """Where a tour that is under way stands."""
        at = self.current
        return f"Step {at.row.number} of {len(self.steps)}: {at.row.title}" if at is not None else "It begins"

    @property
    def doing(self) -> str:
        return self.current.row.sentence if self.current is not None else ""

    @property
    def tone(self) -> str:
        if self.interrupted:
            return "warning"
        return {Tour.State.DONE: "good", Tour.State.FAILED: "bad"}.get(Tour.State(self.tour.state), "info")

    @property
    def seconds(self) -> float:
        """Since it began, until it ended."""
        return max(0.0, ((self.tour.ended_at or self.now) - self.tour.started_at).total_seconds())

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.tour.facts)

    @property
    def is_running(self) -> bool:
        return self.tour.state == Tour.State.RUNNING

    @property
    def moves(self) -> bool:
        """Whether the page has something to wait for: steps, or the traffic that goes on for a while after them."""
        return self.is_running or not self._is_silent

    @property
    def _is_silent(self) -> bool:
        return _silent(self.tour, self.now)


def newest(workspace: Workspace) -> TourView | None:
    """The newest tour of the workspace; None where there was none."""
    tour = Tour.objects.filter(workspace=workspace).first()
    return _view(tour) if tour is not None else None


def running(workspace: Workspace) -> TourView | None:
    """The one that is under way."""
    tour = Tour.objects.filter(workspace=workspace, state=Tour.State.RUNNING).first()
    return _view(tour) if tour is not None else None


def on_home(workspace: Workspace) -> TourView | None:
    """The one that is under way, or ended within the last day."""
    found = newest(workspace)
    if found is None or (found.tour.ended_at is not None and found.now - found.tour.ended_at > ON_HOME):
        return None
    return found


def _view(tour: Tour) -> TourView:
    now = timezone.now()
    steps = [StepView(row, _seconds(row, now)) for row in tour.steps.all()]
    return TourView(tour, steps, tour.state == Tour.State.RUNNING and _silent(tour, now), now)


def _seconds(row: TourStep, now: dt.datetime) -> float | None:
    if row.started_at is None:
        return None
    return max(0.0, ((row.ended_at or now) - row.started_at).total_seconds())


def _silent(tour: Tour, now: dt.datetime) -> bool:
    alive = tour.facts.get("alive")
    last = dt.datetime.fromisoformat(alive) if alive else tour.started_at
    return now - last > SILENT
