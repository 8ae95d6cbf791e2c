"""Which runs a page of the history shows. One of three ways, all of which give the same runs in the same order:

- *few*: some part of the filter leaves few runs; they are taken one by one and then ordered;
- *walk*: the order is read from its place in growing pieces, and what does not match is left out. A walk that finds
  little goes on among those runs alone that meet the conditions that indexes answer;
- *whole*: a walk that still finds little gives up: all matching runs are found, and then ordered.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from experiments.models import Experiment
from experiments.selectors.search.cursors import Cursor
from experiments.selectors.search.expressions import IsAnyOf
from experiments.selectors.search.lanes import Lane, Place, Source
from experiments.selectors.search.orders import Order

FIRST_PIECE = 256
GROWTH = 4
LARGEST_PIECE = 8192
FAR = 1500
"""A walk with more before it than that is narrowed first."""
SPARE = 8
"""Deleted runs that a page without a filter may come across."""
MOST_WALKED = 30_000
"""Runs that a walk reads before it gives up."""
MOST_STEPS = 200


class TooFar(Exception):
    """A walk has read enough runs without finding a page."""


@dataclass(frozen=True)
class Found:
    """A run's place; ``lane`` by name."""

    lane: str
    place: Place

    @property
    def run(self) -> uuid.UUID:
        return self.place.run


@dataclass
class Finder:
    """Finds runs that meet a filter in an order.

    ``lookup`` tells it of runs that are known, None where all are meant. ``few`` are all that meet it, where they are
    few. ``narrowing`` gives conditions that all of them meet and an index answers, ``every`` all of them.
    """

    order: Order
    lookup: Q | None
    few: list[uuid.UUID] | None = None
    narrowing: Callable[[], Sequence[Source]] = tuple
    every: Callable[[], QuerySet[Experiment]] | None = None
    lanes: list[Lane] = field(init=False)
    seen: int = 0
    """Runs that match among all that were read, those behind the page among them."""
    seen_all: bool = False
    """Whether the order was read to its end."""

    def __post_init__(self) -> None:
        self.lanes = self.order.lanes()

    def find(self, start: Cursor | None, limit: int, *, backwards: bool = False) -> list[Found]:
        """Up to ``limit`` runs after the start, or before it, the nearest first."""
        if self.few is not None:
            return self._each_lane(start, limit, backwards=backwards, whole=False)
        try:
            return self._walk(start, limit, backwards=backwards)
        except TooFar:
            return self._each_lane(start, limit, backwards=backwards, whole=True)

    def _remaining(self, start: Cursor | None, *, backwards: bool) -> Iterator[tuple[Lane, Place | None]]:
        """The lane of the start with its place, then those behind it from their beginning."""
        lanes = self.lanes[::-1] if backwards else self.lanes
        names = [lane.name for lane in lanes]
        first = names.index(start.lane) if start else 0
        for number, lane in enumerate(lanes[first:]):
            yield lane, (start.place if start and number == 0 else None)

    def _each_lane(self, start: Cursor | None, limit: int, *, backwards: bool, whole: bool) -> list[Found]:
        found: list[Found] = []
        some = self.order.lanes_of(self.few) if self.few is not None else None
        for lane, after in self._remaining(start, backwards=backwards):
            if some is not None and lane.name not in some:
                continue
            wanted = limit - len(found)
            if whole and self.every is not None:
                places = lane.within(Source(self.every(), "pk", Q())).walk(after, wanted, backwards=backwards)
            else:
                places = lane.among(self.few or [], after, wanted, backwards=backwards)
            found += [Found(lane.name, place) for place in places]
            if len(found) >= limit:
                break
        return found

    def _walk(self, start: Cursor | None, limit: int, *, backwards: bool) -> list[Found]:
        found: list[Found] = []
        piece = limit + SPARE if self.lookup is None else max(FIRST_PIECE, limit)
        walked = steps = 0
        begun = 0, 0  # walked and found before the lane was narrowed
        sources: Sequence[Source] = ()
        for whole_lane, place in self._remaining(start, backwards=backwards):
            lane, after = whole_lane.narrowed(sources), place
            while True:
                places = lane.walk(after, piece, backwards=backwards)
                found += [Found(lane.name, place) for place in self._kept(lane, places)]
                self.seen = len(found)
                if len(found) >= limit:
                    return found[:limit]
                if len(places) < piece:
                    break
                after = places[-1]
                walked, steps = walked + len(places), steps + 1
                if self.lookup is not None:
                    if walked > MOST_WALKED or steps > MOST_STEPS:
                        raise TooFar
                    piece = _next_piece(walked - begun[0], len(found) - begun[1], limit - begun[1])
                    if piece > FAR and not sources and (sources := self.narrowing()):
                        begun = walked, len(found)
                        lane, piece = whole_lane.narrowed(sources), limit + SPARE
        self.seen_all = True
        return found

    def _kept(self, lane: Lane, places: list[Place]) -> list[Place]:
        """Those that match: one query, none where the lane has only such."""
        if not places or (self.lookup is None and lane.run == "pk"):
            return places
        runs = self.order.runs.filter(IsAnyOf("pk", [place.run for place in places]))
        if self.lookup is not None:
            runs = runs.filter(self.lookup)
        kept = set(runs.values_list("pk", flat=True))
        return [place for place in places if place.run in kept]


def _next_piece(walked: int, found: int, wanted: int) -> int:
    """As many runs as will probably do, judged by those before; more and more where nothing was found."""
    likely = walked * (wanted - found) * 5 // (4 * found) if found else walked * GROWTH
    return max(FIRST_PIECE, min(likely, LARGEST_PIECE))
