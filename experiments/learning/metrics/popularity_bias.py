"""Popularity bias: how popular the shown items are; lower means that the list leans less on the well known.

    bias(u) = mean over u's list of p_i,  p_i = |users with item i in training| / |training users|

Source: average recommendation popularity (ARP), Yin et al., Challenging the long tail recommendation, VLDB 2012, as
share of users and not as count, so that datasets of different size compare. The random line is what the catalogue
itself has; the distance from it is the bias.
"""

from __future__ import annotations

import numpy as np

from experiments.learning.metrics.arrays import Floats, Ints


def popularity_share(item_users: Ints, num_users: int) -> Floats:
    """p_i of each item, shape (items,), between 0 and 1; ``item_users`` counts distinct training users."""
    return np.asarray(item_users / max(num_users, 1), dtype=np.float64)
