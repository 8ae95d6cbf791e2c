"""A score as a sum of named parts, each collaborative, content or bias."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["collaborative", "content", "bias"]
KINDS: tuple[Kind, ...] = ("collaborative", "content", "bias")


@dataclass(frozen=True)
class Part:
    """One summand of n scores; ``values`` has shape (n,) and may be negative."""

    key: str
    kind: Kind
    label: str
    values: Floats


@dataclass(frozen=True)
class ScoreSplit:
    """Parts of n scores, in double precision; they sum to the scorer's own answers within 1e-5."""

    parts: tuple[Part, ...]
    reference: str = ""
    """What the parts are measured against, in words; empty where the split needs no reference."""

    def total(self) -> Floats:
        """Shape (n,)."""
        total: Floats = np.sum([part.values for part in self.parts], axis=0)
        return total

    def by_kind(self) -> Mapping[Kind, Floats]:
        """Sums of each kind that has a part, in the order of KINDS; shapes (n,)."""
        found: dict[Kind, Floats] = {}
        for kind in KINDS:
            values = [part.values for part in self.parts if part.kind == kind]
            if values:
                found[kind] = np.sum(values, axis=0)
        return found


def constant(value: float, count: int) -> Floats:
    """The same number for ``count`` scores."""
    return np.full(count, value, np.float64)
