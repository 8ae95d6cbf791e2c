"""Drives retrainings on: composing → training → gate → canary → promoted or held.

Nothing is kept in memory between two turns. A turn does one thing, and the row that says so is written in the same
transaction, or what it does is found again by a key that follows from the retraining: the import of its data by its id,
the version by its run. So a driver may be killed anywhere; the next one goes on from the rows, and nothing is done
twice. One driver at a time has a retraining, under an advisory lock that dies with its connection.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from experiments.services import locks
from experiments.services.deployments import champion
from retraining.models import OPEN, Retraining
from retraining.services import kill_switch, stage_canary, stage_data, stage_gate, stage_training, steps
from retraining.services.steps import Kind, Meanwhile, State, StepState

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x7274
"""Class of the locks under which a retraining is driven."""
MOST_TURNS = 30
MOST_ATTEMPTS = 5
"""So often a step that ends in an error nobody foresaw is tried before the retraining fails."""

_STAGES: dict[str, Callable[[Retraining, dt.datetime], bool]] = {
    State.COMPOSING: stage_data.turn,
    State.TRAINING: stage_training.turn,
    State.GATE: stage_gate.turn,
    State.CANARY: stage_canary.turn,
}


def advance(retraining: Retraining, now: dt.datetime | None = None) -> Retraining:
    """As far as it can go now. Another driver at it: nothing, that one does what is to do."""
    moment = now or timezone.now()
    with locks.held(LOCK_CLASS, retraining.pk.int) as got:
        for _ in range(MOST_TURNS if got else 0):
            row = steps.fetched(retraining.pk)
            if not State(row.state).is_open or not _turned(row, moment):
                break
    return steps.fetched(retraining.pk)


def advance_open(seconds: float, now: dt.datetime | None = None) -> int:
    """Every open retraining, the longest waiting first, for about ``seconds``; returns how many went on."""
    deadline = time.monotonic() + seconds
    moved = 0
    for row in Retraining.objects.filter(state__in=OPEN).order_by("started_at", "pk"):
        before = row.state
        moved += advance(row, now).state != before
        if time.monotonic() >= deadline:
            break
    return moved


def _turned(row: Retraining, now: dt.datetime) -> bool:
    """One turn; whether there may be another one at once. What goes wrong with one holds up no other."""
    try:
        return _turn(row, now)
    except Meanwhile:
        log.info("retraining changed meanwhile", retraining=str(row.pk))
        return False
    except (OperationalError, InterfaceError):
        log.warning("retraining waits for the database", retraining=str(row.pk), exc_info=True)
        return False
    except Exception as error:
        log.exception("retraining step failed", retraining=str(row.pk), state=row.state)
        _count(row, error)
        return False


def _turn(row: Retraining, now: dt.datetime) -> bool:
    if kill_switch.is_on(row.model.workspace):
        return _killed(row)
    live = champion(row.model)
    if live is None or live.pk != row.base_id:
        return _overtaken(row, live.number if live else "", live is not None and live.pk == row.version_id)
    return _STAGES[row.state](row, now)


def _killed(row: Retraining) -> bool:
    """A canary's users go back at once; before that nothing of it is in production, so it waits."""
    with steps.locked(row) as held:
        if held.state == State.CANARY:
            steps.end(held, State.STOPPED, f"The kill switch is on: all users are back with {row.base.number}.")
        else:
            steps.say(held, "Waits: the kill switch is on.")
    return False


def _overtaken(row: Retraining, number: str, itself: bool) -> bool:
    """Somebody promoted a version, or took production away, while this went on."""
    with steps.locked(row) as held:
        if itself:
            steps.end(held, State.PROMOTED, f"{number} was promoted by hand.")
        elif number:
            steps.end(held, State.HELD, f"{number} went into production meanwhile; nothing was done.")
        else:
            steps.end(held, State.HELD, "Nothing is in production any more; nothing was done.")
    return True


def _count(row: Retraining, error: Exception) -> None:
    """Writes down a try that failed; after some the retraining does."""
    said = f"{type(error).__name__}: {error}"[:500]
    try:
        with steps.locked(row) as held:
            step = held.steps.filter(state=StepState.RUNNING).order_by("-number").first()
            if step is None:
                step = steps.begin(held, _FIRST[State(row.state)], "Begins.", at=timezone.now())
            step.attempts += 1
            step.evidence = step.evidence | {"error": said}
            step.save(update_fields=["attempts", "evidence"])
            if step.attempts > MOST_ATTEMPTS:
                steps.end(held, State.FAILED, f"It failed {MOST_ATTEMPTS} times; the last time because of {said}")
    except Meanwhile:
        log.info("retraining changed meanwhile", retraining=str(row.pk))


_FIRST = {
    State.COMPOSING: Kind.COMPOSE,
    State.TRAINING: Kind.TRAIN,
    State.GATE: Kind.GATE,
    State.CANARY: Kind.CANARY,
}
