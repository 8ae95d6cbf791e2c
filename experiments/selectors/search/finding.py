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
LARGEST_PIECE = 16_384
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
    """Finds runs that meet ``condition`` (None: all) in an order. ``few`` are all that can, where they are few."""

    order: Order
    condition: Q | None
    few: list[uuid.UUID] | None = None
    narrowing: Callable[[], Sequence[Source]] = tuple
    lanes: list[Lane] = field(init=False)
    seen: int = 0
    """Runs that match among all that were read, those behind the page among them."""
    seen_all: bool = False
    """Whether the order was read to its end."""

    def __post_init__(self) -> None:
        self.lanes = self.order.lanes(self.few)

    @property
    def matching(self) -> QuerySet[Experiment]:
        runs = self.order.runs if self.few is None else self.order.runs.filter(IsAnyOf("pk", self.few))
        return runs if self.condition is None else runs.filter(self.condition)

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
        for lane, after in self._remaining(start, backwards=backwards):
            wanted = limit - len(found)
            if whole:
                every = Source(self.matching, "pk", self.condition or Q())
                places = lane.within(every).walk(after, wanted, backwards=backwards)
            else:
                places = lane.among(self.few or [], after, wanted, backwards=backwards)
            found += [Found(lane.name, place) for place in places]
            if len(found) >= limit:
                break
        return found

    def _walk(self, start: Cursor | None, limit: int, *, backwards: bool) -> list[Found]:
        found: list[Found] = []
        piece = max(limit, 1) + 8 if self.condition is None else max(FIRST_PIECE, limit)
        walked = steps = 0
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
                if self.condition is not None:
                    if walked > MOST_WALKED or steps > MOST_STEPS:
                        raise TooFar
                    sources = sources or self.narrowing()
                    lane = whole_lane.narrowed(sources)
                piece = min(piece * GROWTH, LARGEST_PIECE)
        self.seen_all = True
        return found

    def _kept(self, lane: Lane, places: list[Place]) -> list[Place]:
        """Those that match: one query, none where the lane has only such."""
        if not places or (self.condition is None and lane.run == "pk"):
            return places
        runs = self.matching.filter(IsAnyOf("pk", [place.run for place in places]))
        kept = set(runs.values_list("pk", flat=True))
        return [place for place in places if place.run in kept]
