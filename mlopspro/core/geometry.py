"""Geometry of the small drawings that are rendered on the server as SVG, so that they need neither script nor style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlopspro.core.formats import as_float, metric, share

REFERENCES = ("random", "everything", "popularity", "naive", "oracle")
"""Order in which reference lines are named, from the one that is easiest to beat."""
NO_ROOM = 1e-3
"""An oracle this close to chance leaves nothing to attain; the share would be noise."""


@dataclass(frozen=True)
class Tick:
    name: str
    value: float
    percent: float
    """Distance from the left end of the bar, 0 to 100."""
    text: str


@dataclass(frozen=True)
class ReferenceBar:
    """A value on the scale between nothing and the best attainable, with a tick for each reference that is known."""

    value_percent: float | None
    ticks: tuple[Tick, ...]
    words: str
    attained: float | None


def reference_bar(
    value: object,
    *,
    random: object = None,
    popularity: object = None,
    oracle: object = None,
    everything: object = None,
    naive: object = None,
) -> ReferenceBar:
    """Places a metric and its references on one linear scale.

    The scale runs from the smaller of 0 and the smallest figure to the largest figure, so that nothing lies outside
    it. Attained is (value - random) / (oracle - random), where all three are known and the last two differ.
    """
    known = as_float(value)
    given = {"random": random, "everything": everything, "popularity": popularity, "naive": naive, "oracle": oracle}
    numbers = {name: found for name in REFERENCES if (found := as_float(given[name])) is not None}
    figures = [*numbers.values(), *([known] if known is not None else [])]
    low, high = min([0.0, *figures]), max([0.0, *figures])
    width = high - low

    def place(figure: float) -> float:
        return round(100 * (figure - low) / width, 2) if width else 0.0

    ticks = tuple(Tick(name, figure, place(figure), metric(figure)) for name, figure in numbers.items())
    attained = _attained(known, numbers.get("random"), numbers.get("oracle"))
    words = metric(known)
    if ticks:
        words += "; " + ", ".join(f"{tick.name} {tick.text}" for tick in ticks)
    if attained is not None:
        words += f"; {share(attained)} of what is attainable"
    return ReferenceBar(place(known) if known is not None else None, ticks, words, attained)


def _attained(value: float | None, random: float | None, oracle: float | None) -> float | None:
    if value is None or random is None or oracle is None or abs(oracle - random) < NO_ROOM:
        return None
    return (value - random) / (oracle - random)


@dataclass(frozen=True)
class Sparkline:
    """Polylines (one for each stretch without a gap) in a box of width × height units, y downwards."""

    lines: tuple[str, ...]
    last: tuple[float, float] | None
    words: str


def sparkline(values: Sequence[object], width: float = 96, height: float = 24, padding: float = 3) -> Sparkline:
    """The course of a few values; undefined ones leave a gap. A constant course is a line in the middle."""
    known = [as_float(value) for value in values]
    defined = [value for value in known if value is not None]
    if not defined:
        return Sparkline((), None, "no values yet")
    low, high = min(defined), max(defined)
    step = (width - 2 * padding) / max(1, len(known) - 1)

    def place(index: int, value: float) -> tuple[float, float]:
        share_of_height = (value - low) / (high - low) if high > low else 0.5
        return round(padding + index * step, 1), round(height - padding - share_of_height * (height - 2 * padding), 1)

    stretches: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(known):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(place(index, value))
    lines = tuple(" ".join(f"{x:g},{y:g}" for x, y in stretch) for stretch in stretches if stretch)
    last_index = max(index for index, value in enumerate(known) if value is not None)
    words = f"{len(defined)} values from {metric(low)} to {metric(high)}, last {metric(defined[-1])}"
    return Sparkline(lines, place(last_index, defined[-1]), words)
