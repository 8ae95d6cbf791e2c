"""Which rows of one dataset a model has learnt from in another: they are never test rows of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.interactions import Interactions

Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


def learnt_interactions(asked: Interactions, learnt: Interactions, rows: Rows) -> Mask:
    """Rows of ``asked`` that are, by their ids, among ``rows`` of ``learnt``; shape (len(asked),).

    The same user and item, and the same second where both datasets have times.
    """
    timed = asked.timestamp is not None and learnt.timestamp is not None
    return _among(_keys(asked, slice(None), timed=timed), _keys(learnt, rows, timed=timed))


def learnt_table_rows(asked: pd.DataFrame, learnt: pd.DataFrame, rows: Rows, columns: Sequence[str]) -> Mask:
    """Rows of ``asked`` that equal one of ``rows`` of ``learnt`` in all of these columns; shape (len(asked),)."""
    names = [name for name in columns if name in asked and name in learnt]
    return _among(asked[names], learnt.iloc[rows][names])


def _keys(interactions: Interactions, rows: Rows | slice, *, timed: bool) -> pd.DataFrame:
    columns: dict[str, NDArray[np.generic]] = {
        "user": interactions.user_ids[interactions.user[rows]],
        "item": interactions.item_ids[interactions.item[rows]],
    }
    if timed and interactions.timestamp is not None:
        columns["time"] = interactions.timestamp[rows]
    return pd.DataFrame(columns)


def _among(asked: pd.DataFrame, learnt: pd.DataFrame) -> Mask:
    """By a 64-bit digest of each row: two different ones are taken for one in 1 of 10^19 cases."""
    hashes = [pd.util.hash_pandas_object(frame.reset_index(drop=True), index=False) for frame in (asked, learnt)]
    found: Mask = np.isin(hashes[0].to_numpy(), hashes[1].to_numpy())
    return found
