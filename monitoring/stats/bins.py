"""Bins fixed by a reference, into which every window counts: numbers, categories, popularity groups, shares.

``count`` gives whole numbers (b,) that add up over windows. Their order, which ``labels`` names:

- numeric: below the reference's least value, its quantile bins [a, b), above its greatest, infinite, missing (NaN);
- categorical: the known values, unseen, missing;
- popularity: groups of values with about equal traffic, the most popular first, unseen, missing;
- share: no, yes, missing.

Infinity and NaN are counted apart from numbers: they would move every mean and edge, and say something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.stats.types import JSON, Floats, Ints

Kind = Literal["numeric", "categorical", "popularity", "share"]
KINDS: tuple[Kind, ...] = ("numeric", "categorical", "popularity", "share")
LEVELS = np.unique(np.concatenate([np.arange(1, 50) / 50, [0.001, 0.005, 0.01, 0.99, 0.995, 0.999]]))
"""Quantiles at which numbers are cut: each 2 %, finer at the ends, where a bin is wide."""
MOST_VALUES = 1000
"""Known values of a category; rarer ones count as unseen in reference and window alike."""
MOST_ITEMS = 50_000
GROUPS = 10


@dataclass(frozen=True)
class Bins:
    """Of one signal. ``scale`` is the standard deviation of a numeric reference, the unit of its distances."""

    kind: Kind
    edges: tuple[float, ...] = ()
    scale: float = 0.0
    values: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    """Of a popularity signal: the group of each of ``values``."""
    _places: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind: {', '.join(KINDS)} are accepted, got {self.kind!r}.")
        places = self.groups if self.kind == "popularity" else range(len(self.values))
        self._places.update(zip(self.values, places, strict=True))

    @classmethod
    def fit(cls, values: npt.ArrayLike | Iterable[object], kind: Kind) -> Bins:
        """From the values of a reference (n,); none, or none that is known, makes bins in which all is unseen."""
        if kind == "numeric":
            return cls._numeric(numbers(values))
        if kind == "share":
            return cls("share")
        if kind not in KINDS:
            raise ValueError(f"kind: {', '.join(KINDS)} are accepted, got {kind!r}.")
        found, _ = tally(values)
        ranked = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        if kind == "categorical":
            return cls("categorical", values=tuple(value for value, _ in ranked[:MOST_VALUES]))
        return cls._popularity(ranked)

    @classmethod
    def _numeric(cls, values: Floats) -> Bins:
        known = np.sort(values[np.isfinite(values)])
        if not len(known):
            return cls("numeric")
        inner = np.unique(known[np.minimum((LEVELS * len(known)).astype(np.int64), len(known) - 1)])
        last = np.nextafter(known[-1], np.inf)
        edges = np.unique(np.concatenate([[known[0]], inner, [last]]))
        return cls("numeric", edges=tuple(edges.tolist()), scale=float(known.std()))

    @classmethod
    def _popularity(cls, ranked: Sequence[tuple[str, int]]) -> Bins:
        """Groups of equal traffic: a value belongs to the tenth in which the middle of its own traffic lies."""
        counts = np.array([count for _, count in ranked], np.float64)
        middle = (counts.cumsum() - counts / 2) / max(counts.sum(), 1.0)
        _, groups = np.unique(np.minimum((middle * GROUPS).astype(np.int64), GROUPS - 1), return_inverse=True)
        names = tuple(value for value, _ in ranked[:MOST_ITEMS])
        return cls("popularity", values=names, groups=tuple(groups[:MOST_ITEMS].tolist()))

    def __len__(self) -> int:
        """Number of counts."""
        return self._kinds_of_value + {"numeric": 2, "share": 1}.get(self.kind, 1)

    @property
    def _kinds_of_value(self) -> int:
        """Bins of known and unseen values: the counts that are compared."""
        if self.kind == "numeric":
            return len(self.edges) + 1
        if self.kind == "share":
            return 2
        return (max(self.groups, default=-1) + 1 if self.kind == "popularity" else len(self.values)) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """A word for each count."""
        if self.kind == "share":
            return ("no", "yes", "missing")
        if self.kind == "numeric":
            return (*_ranges(self.edges), "infinite", "missing")
        known = [f"group {number + 1}" for number in range(self._kinds_of_value - 1)]
        return (*(known if self.kind == "popularity" else self.values), "unseen", "missing")

    def count(self, values: npt.ArrayLike | Iterable[object]) -> Ints:
        """How many of the values (n,) lie in each bin, (b,). Categories compare as text; None and NaN are missing."""
        if self.kind == "numeric":
            return self._count_numbers(numbers(values))
        if self.kind == "share":
            found = numbers(values)
            missing = np.isnan(found)
            yes = int((found[~missing] != 0).sum())
            return np.array([len(found) - int(missing.sum()) - yes, yes, int(missing.sum())], np.int64)
        return self.count_tally(*tally(values))

    def count_tally(self, counts: dict[str, int], missing: int = 0) -> Ints:
        """As ``count`` from {value: how often}, for callers that have it grouped already."""
        out = np.zeros(len(self), np.int64)
        unseen = len(out) - 2
        for value, number in counts.items():
            out[self._places.get(value, unseen)] += number
        out[-1] = missing
        return out

    def absent(self, rows: int) -> Ints:
        """Of a window in which the feature does not appear at all: every one of its rows is missing."""
        out = np.zeros(len(self), np.int64)
        out[-1] = rows
        return out

    def _count_numbers(self, values: Floats) -> Ints:
        """By sorting: cheaper than placing each value, as only the edges are searched."""
        ordered = np.sort(values)
        known = int(np.searchsorted(ordered, np.nan))
        first = int(np.searchsorted(ordered[:known], -np.inf, side="right"))
        last = int(np.searchsorted(ordered[:known], np.inf, side="left"))
        ends = np.searchsorted(ordered[first:last], self.edges, side="left")
        inside = np.diff(np.concatenate([[0], ends, [last - first]]))
        return np.concatenate([inside, [first + known - last, len(values) - known]]).astype(np.int64)

    def compared(self, counts: npt.ArrayLike) -> Ints:
        """The part of counts that drift compares: without infinite and missing ones."""
        found = self._checked(counts)
        return found[: self._kinds_of_value]

    def missing(self, counts: npt.ArrayLike) -> int:
        return int(self._checked(counts)[-1])

    def infinite(self, counts: npt.ArrayLike) -> int:
        return int(self._checked(counts)[-2]) if self.kind == "numeric" else 0

    def unseen(self, counts: npt.ArrayLike) -> int:
        """Values that the reference does not know: categories, or numbers outside its range."""
        found = self._checked(counts)
        if self.kind == "numeric":
            return int(found[0] + found[len(self.edges)]) if self.edges else int(found[0])
        return 0 if self.kind == "share" else int(found[-2])

    def _checked(self, counts: npt.ArrayLike) -> Ints:
        found = np.asarray(counts, np.int64)
        if found.shape != (len(self),):
            raise ValueError(f"counts: {len(self)} numbers are accepted, one a bin, got {found.shape}.")
        return found

    def to_json(self) -> JSON:
        given: dict[str, JSON] = {"kind": self.kind}
        if self.kind == "numeric":
            return given | {"edges": list(self.edges), "scale": self.scale}
        given |= {"values": list(self.values)} if self.values else {}
        return given | ({"groups": list(self.groups)} if self.groups else {})

    @classmethod
    def from_json(cls, given: JSON) -> Bins:
        return cls(
            given["kind"],
            edges=tuple(given.get("edges", ())),
            scale=given.get("scale", 0.0),
            values=tuple(given.get("values", ())),
            groups=tuple(given.get("groups", ())),
        )


def numbers(values: npt.ArrayLike | Iterable[object]) -> Floats:
    """As floats (n,); None becomes NaN."""
    found = np.asarray(values if isinstance(values, np.ndarray) else list(values))  # type: ignore[arg-type]
    if found.dtype.kind in "fiub":
        return np.asarray(found, np.float64)
    try:
        return np.asarray(found.astype(object), np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"values: numbers are accepted, {error}.") from None


def tally(values: npt.ArrayLike | Iterable[object]) -> tuple[dict[str, int], int]:
    """({text: how often}, how many are missing): None and NaN are missing, all others compare by their text."""
    found: dict[str, int] = {}
    missing = 0
    given: Iterable[object] = values.tolist() if isinstance(values, np.ndarray) else values  # type: ignore[assignment]
    for value, number in Counter(given).items():
        if value is None or value != value:  # only NaN differs from itself
            missing += number
        else:
            text = str(value)
            found[text] = found.get(text, 0) + number
    return found, missing


def _ranges(edges: Sequence[float]) -> list[str]:
    if not edges:
        return ["any"]
    pairs = pairwise(edges)
    return [f"< {edges[0]:.4g}", *(f"{a:.4g} to {b:.4g}" for a, b in pairs), f"≥ {edges[-1]:.4g}"]
