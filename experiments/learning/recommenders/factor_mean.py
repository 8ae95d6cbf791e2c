"""The mean of many factor models, kept as one of bounded size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.recommenders.checkpoint import Arrays

Wide = NDArray[np.float64]
MOST_COLUMNS, KEPT_COLUMNS = 192, 96
"""Vectors longer than the first are shortened to the second: the mean of pᵤ·qᵢ over draws is all but of low rank."""


class FactorMean:
    """Σ pᵤ·qᵢ over draws is the product of the draws' vectors side by side; the best shorter ones (Eckart, Young 1936)
    take their place when they get long. Biases are summed."""

    def __init__(self, num_users: int, num_items: int) -> None:
        self._arrays: Arrays = {
            "mean_users": np.zeros((num_users, 0)),
            "mean_items": np.zeros((num_items, 0)),
            "mean_user_bias": np.zeros(num_users),
            "mean_item_bias": np.zeros(num_items),
            "mean_draws": np.zeros(1),
        }

    def add(self, users: Wide, items: Wide, *, restart: bool) -> None:
        """``users`` (num_users, d) and ``items`` (num_items, d) end in the bias; ``restart`` forgets what was added."""
        kept = self._arrays
        if restart:
            kept = {name: array[:, :0] if array.ndim == 2 else np.zeros_like(array) for name, array in kept.items()}
        longer = np.hstack([kept["mean_users"], users[:, :-1]]), np.hstack([kept["mean_items"], items[:, :-1]])
        if longer[0].shape[1] > MOST_COLUMNS:
            longer = shortened(*longer, KEPT_COLUMNS)
        self._arrays = {
            "mean_users": longer[0],
            "mean_items": longer[1],
            "mean_user_bias": kept["mean_user_bias"] + users[:, -1],
            "mean_item_bias": kept["mean_item_bias"] + items[:, -1],
            "mean_draws": kept["mean_draws"] + 1,
        }

    def factors(self) -> tuple[Wide, Wide, Wide, Wide]:
        """Vectors of users and items, biases of users and items."""
        kept, draws = self._arrays, max(float(self._arrays["mean_draws"][0]), 1.0)
        return (
            kept["mean_users"] / draws,
            kept["mean_items"],
            kept["mean_user_bias"] / draws,
            kept["mean_item_bias"] / draws,
        )

    def state(self) -> Arrays:
        return dict(self._arrays)

    def restore(self, state: Arrays) -> None:
        self._arrays = {name: state[name] for name in self._arrays}


def shortened(users: Wide, items: Wide, most: int) -> tuple[Wide, Wide]:
    """Vectors of at most ``most`` numbers whose products are nearest to those of the given ones in least squares."""
    (turn_users, of_users), (turn_items, of_items) = np.linalg.qr(users), np.linalg.qr(items)
    left, sizes, right = np.linalg.svd(of_users @ of_items.T)
    root = np.sqrt(sizes[:most])
    count = len(root)
    return turn_users @ (left[:, :count] * root), turn_items @ (right[:count].T * root)
