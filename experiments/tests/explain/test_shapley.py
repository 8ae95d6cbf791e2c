"""Shapley values against the mean over all orders in which players may come."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from experiments.learning.explain.shapley import shapley_values


def over_all_orders(worth):
    players = len(worth).bit_length() - 1
    orders = list(permutations(range(players)))
    values = np.zeros((players, worth.shape[1]))
    for order in orders:
        coalition = 0
        for player in order:
            values[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    return values / len(orders)


@pytest.mark.parametrize("players", [0, 1, 2, 3, 5])
def test_values_are_the_means_over_all_orders_and_sum_to_the_whole(players):
    worth = np.random.default_rng(players).normal(size=(1 << players, 4))
    values = shapley_values(worth)
    assert values == pytest.approx(over_all_orders(worth), abs=1e-12)
    assert values.sum(axis=0) == pytest.approx(worth[-1] - worth[0], abs=1e-12)


def test_a_number_of_rows_that_is_no_power_of_two_is_refused():
    with pytest.raises(ValueError, match="3 rows"):
        shapley_values(np.zeros((3, 1)))
