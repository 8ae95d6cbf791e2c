"""The people of the tour at the door of the site: they ask for lists over HTTP and say what they think of them."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from mlopspro.serving.replay.door_http import RefusedByTheSite
from mlopspro.serving.replay.doors import Door, Told
from mlopspro.serving.replay.reactions import Reaction
from mlopspro.serving.replay.requests import ListRequest, Troubles
from mlopspro.tour.world import Season, Seen, World

TELL_SECONDS = 0.5
"""Feedback is handed over so often."""
PATIENCE = 30.0
"""Seconds without any answer after which it is said that visitors cannot be sent."""


def opinions(prediction: uuid.UUID, seen: Sequence[Seen], at: dt.datetime, key: str) -> list[Told]:
    """What a person thought of an answer, as feedback on it; ``key`` is that of the visit."""
    return [
        Told(
            prediction,
            Reaction("skip", 0.0, one.item) if one.rating is None else Reaction("rating", 0.0, one.item, one.rating),
            at,
            f"{key}/{place}",
        )
        for place, one in enumerate(seen)
    ]


class Visitors:
    """A thread that keeps people coming at ``rate`` a second. ``season`` and ``rate`` may change at any time.

    Args:
        door: makes the door of a thread; asked once, in the thread.
        first: number of the first visit, so that a tour that goes on does not repeat its visits.
    """

    def __init__(self, world: World, door: Callable[[], Door], *, first: int = 0, name: str = "tour") -> None:
        self.world, self.name, self.number = world, name, first
        self.season, self.rate = Season.BEFORE, 0.0
        self.trouble = ""
        self._door = door
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def come(self, rate: float, season: Season) -> None:
        """From now on so many a second, who want what people want in this season."""
        self.rate, self.season = rate, season
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="visitors", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Nobody comes any more; what was on its way is told."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        door = self._door()
        answered = told_at = time.monotonic()
        due = time.monotonic()
        waiting: list[Told] = []
        try:
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                now = time.monotonic()
                # Who is late because the machine is slow does not come all at once later.
                due = max(due, now - 1.0) + 1.0 / max(self.rate, 0.01)
                opinions = self._visit(door)
                if opinions is not None:
                    answered = now
                    waiting += opinions
                elif now - answered > PATIENCE:
                    self.trouble = f"the site has not answered for {PATIENCE:g} seconds"
                if waiting and now - told_at >= TELL_SECONDS:
                    door.tell(waiting)
                    waiting, told_at = [], now
            if waiting:
                door.tell(waiting)
            door.flush()
        except RefusedByTheSite as error:
            self.trouble = str(error)
        except Exception as error:  # nobody sees a thread end: the step that waits for visitors says it
            self.trouble = f"{type(error).__name__}: {error}"

    def _visit(self, door: Door) -> list[Told] | None:
        """None where there was no answer."""
        visit = self.world.visit(self.number)
        self.number += 1
        now = dt.datetime.now(dt.UTC)
        asked = door.ask(ListRequest(visit.number, 0.0, visit.name, {}), Troubles(), now)
        if asked.failed:
            return None
        seen = self.world.reactions(visit, asked.items, self.season)
        return opinions(asked.prediction_id, seen, now, f"{self.name}/{visit.number}")
