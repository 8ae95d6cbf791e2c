"""The replay itself: asks in the order of the plan, at its pace, and tells later what became of each answer."""

from __future__ import annotations

import datetime as dt
import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mlopspro.serving.replay.chance import generator
from mlopspro.serving.replay.doors import Asked, Door, Told
from mlopspro.serving.replay.drift import Drift, DriftError
from mlopspro.serving.replay.injection import Injection, Plan
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.pace import Pace
from mlopspro.serving.replay.reactions import Exposure, Reaction, to_list, to_row
from mlopspro.serving.replay.requests import Drifted, ListRequest, RowRequest
from mlopspro.serving.replay.table_plan import TablePlan

BATCH = 500
"""Feedback is handed over in batches of at most so many."""


@dataclass(frozen=True)
class Step:
    """One request as it went. ``told``: pieces of feedback handed over since the step before."""

    number: int
    at: dt.datetime
    user: str
    drift: tuple[str, ...]
    failed: bool
    items: tuple[str, ...]
    told: int


Wait = Callable[[float], bool]
"""Waits so many seconds; True where one shall stop. ``threading.Event().wait`` is one."""


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


class Replay:
    """``for step in Replay(plan, door).steps(): …``

    Args:
        plan: what is asked, in time order (``plans.plan_of`` makes the one of a model).
        requests: how many; None is one pass through the plan, more than that starts again from its beginning.
        first: number of the first one, where an earlier replay came to.
        as_if_from, as_if_until: times of the past over which the requests are spread; the clock then is not waited for.
            Only through a door that writes the log itself. ``pace`` still counts where it says something.
        wait: how to wait; returning True ends the replay after what is due was told.
        name: in the keys of what is told, so that the same replay done again doubles nothing.

    ``told`` counts pieces of feedback handed over. Everything but the answers is decided by ``seed`` and the number of
    the request.
    """

    def __init__(
        self,
        plan: Plan,
        door: Door,
        *,
        requests: int | None = None,
        first: int = 0,
        pace: Pace | None = None,
        exposure: Exposure | None = None,
        drifts: Sequence[Drift] = (),
        seed: int = 0,
        name: str = "replay",
        as_if_from: dt.datetime | None = None,
        as_if_until: dt.datetime | None = None,
        wait: Wait = _sleep,
    ) -> None:
        self.plan, self.door, self.wait, self.name = plan, door, wait, name
        self.exposure, self.seed, self.first = exposure or Exposure(), seed, first
        self.total = len(plan) if requests is None else requests
        for drift in drifts:
            if drift.kind in door.refuses:
                raise DriftError(f"drift is {drift.kind.value!r}, which the server decides; accepted in process alone")
        self.injection = Injection(plan, drifts, seed=seed, total=self.total)
        self.as_if_from, self.pace = as_if_from, pace or Pace()
        if as_if_from is not None and self.pace == Pace():
            until = as_if_until or dt.datetime.now(dt.UTC)
            seconds = (until - as_if_from).total_seconds()
            if seconds <= 0:
                raise ValueError(f"as_if_from is {as_if_from.isoformat()}; accepted: a time before {until.isoformat()}")
            self.pace = Pace(rate=max(self.total, 1) / seconds)
        self._waiting: list[tuple[dt.datetime, int, Told]] = []
        self.told = 0

    def steps(self) -> Iterator[Step]:
        """Asks and yields, one request after the other. Ends by itself, or after what is on its way was told when
        ``wait`` says stop or the caller closes the generator."""
        try:
            for number in range(self.first, self.total):
                step = self._step(number)
                if step is None:
                    break
                yield step
            else:
                self._wait_for_the_rest()
        finally:
            self._tell(everything=True)
            self.door.flush()

    def _step(self, number: int) -> Step | None:
        """None: one shall stop."""
        request = self.plan.request(number)
        at = self._turn(number, request.offset)
        if at is None:
            return None
        drifted = self.injection.applied(request)
        asked = self.door.ask(drifted.request, drifted.troubles, at)
        for place, reaction in enumerate([] if asked.failed else self._reactions(drifted, asked)):
            self._expect(number, place, asked, reaction, at)
        before = self.told
        self._tell()
        told = self.told - before
        return Step(number, at, drifted.request.user, drifted.kinds, asked.failed, asked.items, told)

    def _turn(self, number: int, offset: float) -> dt.datetime | None:
        """When a request is made, waited for; feedback that is due before it is told in the meantime."""
        if number == self.first:
            self._offset = offset
            # Of the past it is a function of the number, so that a resumed replay goes on where it was.
            self._origin = self.as_if_from or dt.datetime.now(dt.UTC)
        past = self.as_if_from is not None
        ordinal = number if past else number - self.first
        due = self._origin + dt.timedelta(seconds=self.pace.seconds(ordinal, offset - (0.0 if past else self._offset)))
        if past:
            return None if self.wait(0) else min(due, dt.datetime.now(dt.UTC))
        while (missing := (due - dt.datetime.now(dt.UTC)).total_seconds()) > 0:
            self._tell()
            if self.wait(min(missing, self._until_next())):
                return None
        if self.wait(0):
            return None
        return dt.datetime.now(dt.UTC)

    def _reactions(self, drifted: Drifted, asked: Asked) -> list[Reaction]:
        request = drifted.request
        random = generator(self.seed, "reactions", request.number)
        if isinstance(request, ListRequest) and isinstance(self.plan, ListPlan):
            scale = self.plan.interactions.scale
            return to_list(
                asked.items, request.wanted, self.exposure, random, liked_value=scale[1] if scale else 1.0,
                explicit=scale is not None, flip=drifted.flip,
            )  # fmt: skip
        if isinstance(request, RowRequest) and isinstance(self.plan, TablePlan):
            return to_row(
                request.truth, self.exposure, random, label=request.label, deviation=self.plan.deviation,
                flip=drifted.flip,
            )  # fmt: skip
        return []

    def _expect(self, number: int, place: int, asked: Asked, reaction: Reaction, at: dt.datetime) -> None:
        due = at + dt.timedelta(seconds=reaction.delay)
        told = Told(asked.prediction_id, reaction, due, f"{self.name}/{number}/{place}")
        heapq.heappush(self._waiting, (due, number * 1000 + place, told))

    def _tell(self, *, everything: bool = False) -> None:
        """Hands over what is due. Of the past everything is, in full batches."""
        now = dt.datetime.now(dt.UTC)
        if self.as_if_from is not None and not everything and len(self._waiting) < BATCH:
            return
        batch: list[Told] = []
        while self._waiting and (everything or self.as_if_from is not None or self._waiting[0][0] <= now):
            due, _, told = heapq.heappop(self._waiting)
            batch.append(told if due <= now else Told(told.prediction_id, told.reaction, now, told.key))
            if len(batch) == BATCH:
                self._hand_over(batch)
                batch = []
        if batch:
            self._hand_over(batch)

    def _hand_over(self, batch: list[Told]) -> None:
        self.door.tell(batch)
        self.told += len(batch)

    def _wait_for_the_rest(self) -> None:
        while self._waiting and self.as_if_from is None:
            self._tell()
            if self._waiting and self.wait(self._until_next()):
                return

    def _until_next(self) -> float:
        """Seconds until feedback is due, at most half a second so that a stop is heard."""
        if not self._waiting:
            return 0.5
        return min(0.5, max(0.0, (self._waiting[0][0] - dt.datetime.now(dt.UTC)).total_seconds()) + 0.001)
