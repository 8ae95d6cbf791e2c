"""The arithmetic of EASE; the method and its source are described in ease.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg.lapack import dpotrf, dpotri

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.matrices import dense_product, mean_matrix
from experiments.learning.recommenders.positives import liked, with_equal_weights
from experiments.learning.recommenders.scorers.linear import LinearScorer

if TYPE_CHECKING:
    from experiments.learning.recommenders.ease import EaseParameters

MAX_GRAM_BYTES = 2 << 30
"""Of the dense Gram matrix in double precision: 16,384 items. The fit needs half as much again for the answer."""
_ROWS_AT_ONCE = 512


def fit_item_weights(data: TrainingData, parameters: EaseParameters, observer: Observer) -> Fitted:
    """The weights of all items that anybody liked; others have none, as nothing is known of them."""
    positives = liked(data, parameters)
    if data.feedback == "implicit":
        positives = with_equal_weights(positives)
    train = positives.train
    items, place = np.unique(train.item, return_inverse=True)
    check_memory(len(items))
    observer.on_start(epochs=0, total_parameters=len(items) * (len(items) - 1))
    observer.log(f"Solving the weights of {len(items):,} items against each other in one step.")
    history = mean_matrix(
        train.user, place.astype(np.int32), train.value.astype(np.float64), (data.num_users, len(items))
    )
    with one_thread():
        weights = item_weights(history, parameters.regularization)
    scorer = LinearScorer(
        {
            "items": items.astype(np.int32),
            "weights": weights,
            "history_start": history.indptr.astype(np.int64),
            "history_item": history.indices.astype(np.int32),
            "history_value": history.data,
        },
        num_items=data.num_items,
    )
    return Fitted(scorer, predicts_ratings=False, details={"items_with_weights": len(items)})


def check_memory(items: int) -> None:
    """Raises UnusableData where the Gram matrix of so many items would not fit; says what to take instead."""
    most = int((MAX_GRAM_BYTES // 8) ** 0.5)
    if items > most:
        raise UnusableData(
            f"EASE compares every item with every other: {items:,} items that somebody liked need a matrix of "
            f"{items * items * 8 / 2**30:.1f} GiB; accepted: at most {most:,} items ({MAX_GRAM_BYTES / 2**30:g} GiB). "
            "Take implicit_als or bpr, whose memory grows with the number of items and not with its square."
        )


def item_weights(history: sparse.csr_array, ridge: float) -> FloatArray:
    """B of ``history`` (users, m), shape (m, m), float32: row = the item somebody liked, column = the item scored."""
    gram = _gram(history)
    gram[np.diag_indices_from(gram)] += ridge
    # A symmetric matrix is its own transpose, whose memory has the order that LAPACK can work in without a copy.
    factor, failed = dpotrf(gram.T, lower=1, overwrite_a=1)
    if not failed:
        lower, failed = dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise UnusableData(
            f"regularization is {ridge:g}: rounding leaves the item matrix without an inverse; accepted: a larger one."
        )
    return _from_inverse(lower)


def _gram(history: sparse.csr_array) -> NDArray[np.float64]:
    """historyᵀ · history, dense, made in strips so that no second matrix of that size is needed."""
    double = history.astype(np.float64)
    items = history.shape[1]
    gram = np.empty((items, items))
    for start in range(0, items, _ROWS_AT_ONCE):
        part = slice(start, min(start + _ROWS_AT_ONCE, items))
        gram[part] = dense_product(double, double, part)
    return gram


def _from_inverse(lower: NDArray[np.float64]) -> FloatArray:
    """−P with each column divided by its diagonal entry, 0 on the diagonal; of P only the lower triangle is read."""
    items = len(lower)
    scale = -1.0 / np.diagonal(lower)
    weights = np.empty((items, items), np.float32)
    for start in range(0, items, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, items)
        part = slice(start, stop)
        weights[part, :start] = lower[part, :start] * scale[:start]
        weights[:start, part] = lower[part, :start].T * scale[part]
        corner = np.tril(lower[part, part], -1)
        weights[part, part] = (corner + corner.T) * scale[part]
    return weights
