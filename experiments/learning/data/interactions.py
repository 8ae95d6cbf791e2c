"""The one in-memory form of a dataset that readers produce and everything else consumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    # For annotations alone: this module is read by every process, pandas takes a second.
    import pandas as pd

Feedback = Literal["explicit", "implicit"]

IntArray = NDArray[np.int32]
TimeArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Interactions:
    """Who did what with which item, as parallel arrays of length n (one entry an interaction).

    ``user`` and ``item`` are contiguous codes: ``user_ids[user[j]]`` is the identifier the data came with.
    Codes are assigned in the sorted order of the identifiers, so the same content gives the same codes.

    Attributes:
        user: codes in [0, num_users), shape (n,).
        item: codes in [0, num_items), shape (n,).
        value: the rating (explicit), or the strength - a count, a play time, 1.0 (implicit), shape (n,).
        timestamp: Unix seconds UTC, shape (n,), or None where the data has no times.
        part: 0 = train, 1 = test where the files came with a split (u1.base/u1.test), else None, shape (n,).
        user_ids, item_ids: identifiers as text, shapes (num_users,), (num_items,).
        feedback: "explicit" where values are ratings on a scale, else "implicit".
        scale: (lowest, highest) possible rating; None for implicit data.
        users, items: feature frames with one row a code, in code order, or None. Columns are numeric, text
            (category) or lists of text (multi-valued, such as genres). ``items`` may hold a column "title",
            which is shown to people and never used as a feature.
    """

    user: IntArray
    item: IntArray
    value: FloatArray
    timestamp: TimeArray | None
    part: NDArray[np.int8] | None
    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    feedback: Feedback
    scale: tuple[float, float] | None
    users: pd.DataFrame | None = None
    items: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.user)

    @property
    def num_users(self) -> int:
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        return len(self.item_ids)

    def titles(self) -> NDArray[np.str_]:
        """Item titles in code order; the identifier where there is no title, shape (num_items,)."""
        if self.items is None or "title" not in self.items:
            return self.item_ids
        titles = self.items["title"].fillna("").astype(str).to_numpy(dtype=np.str_)
        return np.where(titles == "", self.item_ids, titles)
