"""Interactions as a sparse matrix of users by items."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import IntArray


def mean_matrix(
    users: IntArray, items: IntArray, values: NDArray[np.float64], shape: tuple[int, int]
) -> sparse.csr_array:
    """Values by user and item, float32, indices sorted. Doubled pairs become their mean."""
    totals = sparse.coo_array((values, (users, items)), shape=shape).tocsr()
    times = sparse.coo_array((np.ones(len(users)), (users, items)), shape=shape).tocsr()
    totals.sort_indices()
    times.sort_indices()
    totals.data = (totals.data / times.data).astype(np.float32)
    return totals


def dense_product(left: sparse.csr_array, right: sparse.csr_array, part: slice) -> NDArray[Any]:
    """(leftᵀ · right) of these columns of left, dense, in left's precision, shape (part, columns of right)."""
    product: NDArray[Any] = (left[:, part].T @ right).toarray().astype(left.dtype, copy=False)
    return product
