"""Ways to divide a dataset into train, validation and test; every one deterministic given its seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SplitMethod = Literal["random", "time", "leave_last_out", "given"]


@dataclass(frozen=True)
class SplitSpec:
    """How to split. ``test_share`` and ``validation_share`` are shares of all and of the non-test part."""

    method: SplitMethod = "random"
    test_share: float = 0.2
    validation_share: float = 0.1
    seed: int = 42


@dataclass(frozen=True)
class Split:
    """Row positions (into Interactions) of each part, ascending; disjoint, together all rows."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
