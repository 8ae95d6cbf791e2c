"""Features of users and items as dense matrices for a model, fitted on the training part only (F16).

What a column becomes depends on what it holds: lists (genres) become one 0/1 column a member, categories one 0/1
column a value (rare ones share one), numbers are standardised. Items also get their popularity and average rating.
Everything that is learned from data - means, spreads, which categories exist - is learned from users and items that
occur in the training part.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.interactions import FloatArray, Interactions
from experiments.learning.data.splits import Rows
from experiments.learning.data.typed_features import is_list_column

MOST_CATEGORIES = 50
"""Of one column; the rest share the column "other"."""
LIMIT = 3.0
"""Standardised numbers are clipped to [-3, 3], so that one odd value cannot rule a network."""
MEAN_DAMPING = 5.0
"""An item's average counts as if it had that many further ratings of the overall average. Without it, the average of an
item with one rating would give that rating away to the model that is to predict it."""
DERIVED = POPULARITY, AVERAGE = "popularity", "average rating"
"""Columns of items that are made of the training interactions."""
_DISTINCT_LIKE_NAMES = 0.5
"""A text column of which more than this share are distinct is a name, not a category, and teaches nothing general."""

_Columns = list[tuple[str, NDArray[np.float32]]]


@dataclass(frozen=True)
class FeatureSet:
    """Dense float32 matrices with one row a code, and the names of their columns; values lie in [-3, 3].

    ``users`` has shape (num_users, len(user_names)), ``items`` (num_items, len(item_names)); a matrix without columns
    has shape (n, 0).
    """

    users: FloatArray
    items: FloatArray
    user_names: tuple[str, ...]
    item_names: tuple[str, ...]


def encode_features(interactions: Interactions, train: Rows) -> FeatureSet:
    """Fits on the rows ``train`` and encodes all users and items; unknown values become zeros."""
    known_users = np.zeros(interactions.num_users, bool)
    known_users[interactions.user[train]] = True
    known_items = np.zeros(interactions.num_items, bool)
    known_items[interactions.item[train]] = True
    user_columns = _frame_columns(interactions.users, known_users, without=())
    item_columns = _frame_columns(interactions.items, known_items, without=("title",))
    item_columns += _derived_columns(interactions, train, known_items)
    users, user_names = _matrix(user_columns, interactions.num_users)
    items, item_names = _matrix(item_columns, interactions.num_items)
    return FeatureSet(users, items, user_names, item_names)


def standardise(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(x - mean) / standard deviation of the known and finite ones, clipped; missing ones become 0. Shape (n,)."""
    finite = np.isfinite(values)
    fitted = values[known & finite]
    if not len(fitted) or fitted.std() == 0:
        return np.zeros(len(values), np.float32)
    scores = (values - fitted.mean()) / fitted.std()
    return np.where(finite, np.clip(scores, -LIMIT, LIMIT), 0.0).astype(np.float32)


def _derived_columns(interactions: Interactions, train: Rows, known: NDArray[np.bool_]) -> _Columns:
    item = interactions.item[train]
    count = np.bincount(item, minlength=interactions.num_items).astype(np.float64)
    columns: _Columns = [(POPULARITY, standardise(np.log1p(count), known))]
    if interactions.feedback == "explicit":
        value = interactions.value[train].astype(np.float64)
        overall = value.mean() if len(value) else 0.0
        total = np.bincount(item, weights=value, minlength=interactions.num_items)
        average = (total + MEAN_DAMPING * overall) / (count + MEAN_DAMPING)
        columns.append((AVERAGE, standardise(average, known)))
    return columns


def _frame_columns(frame: pd.DataFrame | None, known: NDArray[np.bool_], without: tuple[str, ...]) -> _Columns:
    columns: _Columns = []
    if frame is None:
        return columns
    for name in sorted(column for column in frame.columns if column not in without):
        cells = frame[name]
        if is_list_column(cells):
            columns += _multi_hot(name, [list(members) for members in cells], known)
        elif pd.api.types.is_numeric_dtype(cells.dtype):
            numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
            scores = standardise(numbers, known)
            if scores.any():  # a constant column says nothing
                columns.append((name, scores))
        elif not _like_names(cells, known):
            texts = cells.fillna("").astype(str)
            columns += _multi_hot(name, [[text] if text else [] for text in texts], known)
    return columns


def _multi_hot(name: str, members: list[list[str]], known: NDArray[np.bool_]) -> _Columns:
    """One 0/1 column for each of the most frequent members, and one for all others."""
    counts = Counter(member for row, seen in zip(members, known, strict=True) if seen for member in set(row))
    # By frequency, then by name: equal frequencies must not depend on the order of rows.
    ranked = sorted(counts, key=lambda member: (-counts[member], member))
    position = {member: place for place, member in enumerate(sorted(ranked[:MOST_CATEGORIES]))}
    has_other = len(ranked) > MOST_CATEGORIES
    hot = np.zeros((len(members), len(position) + has_other), np.float32)
    for row, row_members in enumerate(members):
        for member in row_members:
            place = position.get(member, len(position) if has_other else None)
            if place is not None:
                hot[row, place] = 1.0
    labels = [f"{name}: {member}" for member in position] + ([f"{name}: other"] if has_other else [])
    return [(label, hot[:, place]) for place, label in enumerate(labels)]


def _like_names(cells: pd.Series, known: NDArray[np.bool_]) -> bool:
    filled = cells[known].dropna()
    return len(filled) > MOST_CATEGORIES and filled.nunique() > _DISTINCT_LIKE_NAMES * len(filled)


def _matrix(columns: _Columns, rows: int) -> tuple[FloatArray, tuple[str, ...]]:
    if not columns:
        return np.zeros((rows, 0), np.float32), ()
    return np.column_stack([values for _, values in columns]), tuple(name for name, _ in columns)
