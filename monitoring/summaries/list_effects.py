"""How many places of one list stand for one independent one: items of a list come together, chosen for one user."""

from __future__ import annotations

import numpy as np

from monitoring.summaries.types import Floats, Ints

LEAST_LISTS = 30
"""Fewer lists say nothing about what lists have in common; then a list counts as one place."""


def effect_of_lists(places: Ints, row: Ints, user: Ints, *, ordered: bool) -> float:
    """Design effect of counting places of lists, from the bin (m,), the list (m,) and the user (m,) of each place.

    One list a user counts, as the others of that user are alike (repeats.py says what those weigh). It is the mean of
    the bins' design effects (Rao and Scott, The Annals of Statistics 12, 1984), and where bins are ``ordered`` no less
    than that of any of their cumulated shares, which is what the Kolmogorov–Smirnov distance looks at. At least 1.
    """
    lists = _one_a_user(row, user)
    chosen = np.isin(row, lists)
    _, own = np.unique(row[chosen], return_inverse=True)
    if not len(own):
        return 1.0
    sizes = np.bincount(own).astype(np.float64)
    if len(sizes) < LEAST_LISTS:
        return float(max(1.0, sizes.mean()))
    counts = np.zeros((len(sizes), int(places.max()) + 1))
    np.add.at(counts, (own, places[chosen]), 1.0)
    counts = counts[:, counts.sum(axis=0) > 0]
    found = [1.0, _mean_effect(counts, sizes)]
    if ordered:
        found += [_mean_effect(_two(counts[:, :at].sum(axis=1), sizes), sizes) for at in range(1, counts.shape[1])]
    return float(max(found))


def _mean_effect(counts: Floats, sizes: Floats) -> float:
    """Of counts (lists, bins): Σ v_b M / p_b over bins, over b - 1; v_b is the variance of a share between lists."""
    lists, bins = counts.shape
    total = sizes.sum()
    shares = counts.sum(axis=0) / total
    if bins < 2 or lists < 2 or (shares <= 0).any():
        return 1.0
    between = ((counts - sizes[:, None] * shares) ** 2).sum(axis=0) * lists / (lists - 1) / total**2
    return float((between * total / shares).sum() / (bins - 1))


def _two(inside: Floats, sizes: Floats) -> Floats:
    return np.column_stack([inside, sizes - inside])


def _one_a_user(row: Ints, user: Ints) -> Ints:
    _, first = np.unique(user, return_index=True)
    return row[first]
