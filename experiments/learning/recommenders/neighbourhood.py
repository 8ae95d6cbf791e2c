"""The arithmetic of item neighbours; the method and its sources are described in item_knn.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.biases import Biases, damped_biases
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.matrices import dense_product, mean_matrix
from experiments.learning.recommenders.scorers.neighbours import NeighbourScorer

if TYPE_CHECKING:
    from experiments.learning.recommenders.item_knn import ItemKnnParameters

_NUMBERS_AT_ONCE = 1 << 23
"""Floats of a block of the dense similarity matrix, 32 MiB: memory does not grow with the square of the catalogue."""


@dataclass(frozen=True)
class _Neighbours:
    item: NDArray[np.int32]
    weight: FloatArray


def fit_neighbours(data: TrainingData, parameters: ItemKnnParameters, observer: Observer) -> Fitted:
    """Similarities of all items, the nearest of each kept."""
    check_training_data(data)
    kept = min(parameters.neighbours, data.num_items)
    observer.on_start(epochs=0, total_parameters=data.num_items * kept)
    explicit = data.feedback == "explicit"
    biases = damped_biases(data) if explicit else Biases.zero(data.num_users, data.num_items)
    history = _history(data, biases if explicit else None)
    neighbours = _neighbours(history, parameters, explicit=explicit)
    scorer = NeighbourScorer(
        {
            "neighbour_item": neighbours.item,
            "neighbour_weight": neighbours.weight,
            "history_start": history.indptr.astype(np.int64),
            "history_item": history.indices.astype(np.int32),
            "history_value": history.data,
            "user_bias": biases.user,
            "item_bias": biases.item,
        },
        averaged=explicit,
        offset=biases.offset,
        damping=parameters.damping,
    )
    return Fitted(scorer, predicts_ratings=explicit)


def _history(data: TrainingData, biases: Biases | None) -> sparse.csr_array:
    """Residual ratings, or ones, shape (num_users, num_items). Doubled pairs become their mean."""
    train = data.train
    value = np.ones(len(train), np.float64) if biases is None else train.value - biases.predict(train.user, train.item)
    return mean_matrix(train.user, train.item, value, (data.num_users, data.num_items))


def _neighbours(history: sparse.csr_array, parameters: ItemKnnParameters, *, explicit: bool) -> _Neighbours:
    """The most similar items of each item, by descending weight, shapes (num_items, k)."""
    items = history.shape[1]
    k = min(parameters.neighbours, items)
    found_item, found_weight = np.zeros((items, k), np.int32), np.zeros((items, k), np.float32)
    met = history.copy()
    met.data = np.ones_like(met.data)
    at_once = max(1, _NUMBERS_AT_ONCE // items)
    for start in range(0, items, at_once):
        stop = min(start + at_once, items)
        similarity = _similarity(history, met, slice(start, stop), explicit=explicit)
        shared = dense_product(met, met, slice(start, stop))
        similarity *= shared / np.maximum(shared + np.float32(parameters.shrinkage), 1)
        np.maximum(similarity, 0, out=similarity)
        np.power(similarity, parameters.amplification, out=similarity)
        similarity[np.arange(stop - start), np.arange(start, stop)] = 0
        best = _largest(similarity, k)
        found_item[start:stop] = best
        found_weight[start:stop] = np.take_along_axis(similarity, best, axis=1)
    return _Neighbours(found_item, found_weight)


def _largest(rows: FloatArray, k: int) -> NDArray[np.int64]:
    """Columns of the k largest numbers of each row, largest first, shape (len(rows), k)."""
    if k < rows.shape[1]:
        columns = np.sort(np.argpartition(-rows, k - 1, axis=1)[:, :k], axis=1)
    else:
        columns = np.tile(np.arange(rows.shape[1]), (len(rows), 1))
    order = np.argsort(-np.take_along_axis(rows, columns, axis=1), axis=1, kind="stable")
    largest: NDArray[np.int64] = np.take_along_axis(columns, order, axis=1)
    return largest


def _similarity(history: sparse.csr_array, met: sparse.csr_array, part: slice, *, explicit: bool) -> FloatArray:
    """Cosine of these items with all, shape (part, num_items); for ratings over the users both share."""
    products = dense_product(history, history, part)
    if explicit:
        squares = history.copy()
        squares.data = squares.data**2
        norm = np.sqrt(dense_product(squares, met, part) * dense_product(met, squares, part))
    else:
        counts = np.asarray(met.sum(axis=0), np.float32)
        norm = np.sqrt(np.outer(counts[part], counts)).astype(np.float32)
    cosine: FloatArray = np.divide(products, norm, out=np.zeros_like(products), where=norm > 0)
    return cosine
