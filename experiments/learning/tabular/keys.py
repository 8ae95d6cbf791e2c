"""Groups of rows by their label - a series, a product - as codes that stay the same, and labels stored as arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.tabular.base import Rows
from experiments.learning.tabular.columns import Texts, texts

SEPARATOR = " · "
"""Between the parts of a label that is made of several columns."""
DAYS_A_YEAR = 365.25


def labels(frame: pd.DataFrame, names: Sequence[str]) -> Texts:
    """What a row is called by these columns, such as "north · tea", shape (n,); "" where there are no columns.

    Raises TableError naming a missing column.
    """
    if not names:
        return np.full(len(frame), "", dtype=object)
    joined = texts(frame, names[0])
    for name in names[1:]:
        joined = joined + SEPARATOR + texts(frame, name)
    return joined


def codes_of(found: Texts, known: Sequence[str]) -> Rows:
    """Position of each label among ``known`` (sorted, distinct), shape (n,); ``len(known)`` where it is not there."""
    position = pd.Index(list(known), dtype=object).get_indexer(pd.Index(found, dtype=object))
    return np.where(position < 0, len(known), position).astype(np.int64)


def distinct(found: Texts) -> tuple[str, ...]:
    """Every label once, sorted: codes by these are the same for one dataset whatever its split."""
    return tuple(sorted(set(found.tolist())))


def pack(names: Sequence[str]) -> NDArray[np.uint8]:
    """Labels as bytes, so that they are stored with the arrays, whose size is not bounded as that of settings is."""
    return np.frombuffer(json.dumps(list(names)).encode(), dtype=np.uint8).copy()


def unpack(packed: NDArray[np.uint8]) -> tuple[str, ...]:
    return tuple(map(str, json.loads(packed.tobytes())))
