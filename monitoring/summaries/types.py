"""Types of summaries, and the one rule by which most of them merge."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
JSON = Any
Summary = dict[str, JSON]


def add(a: JSON, b: JSON) -> JSON:
    """Numbers add up, lists place by place (the shorter has zeros at its end), objects name by name."""
    if isinstance(a, dict):
        return {name: add(a[name], b[name]) if name in a and name in b else a.get(name, b.get(name)) for name in a | b}
    if isinstance(a, list):
        return [add(x, y) for x, y in zip_longest(a, b, fillvalue=0)]
    return a + b


def counted(codes: Ints) -> dict[str, int]:
    """Whole numbers with how often each occurs, in ascending order, as JSON has it."""
    values, counts = np.unique(codes, return_counts=True)
    return {str(value): int(count) for value, count in zip(values, counts, strict=True)}
