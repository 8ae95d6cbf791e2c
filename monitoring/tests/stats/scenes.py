"""Signals of a recommender drawn from known distributions, without drift or with one that is injected. NumPy only."""

from __future__ import annotations

import numpy as np

ITEMS = 1682
LIST = 5
"""Items that a prediction shows: exposure has this many values a prediction."""
KINDS = {
    "score": "numeric",
    "price": "numeric",
    "activity": "numeric",
    "genre": "categorical",
    "region": "categorical",
    "exposure": "popularity",
    "new_users": "share",
}
DRIFTS = {"mean": "score", "share": "genre", "tail": "exposure", "new_users": "new_users"}
"""Injected drift: the signal that it moves."""
GENRES = np.array([0.4, 0.3, 0.2, 0.1])
GENRES_MOVED = np.array([0.3, 0.3, 0.2, 0.2])


def draw(rng: np.random.Generator, n: int, drift: str = "") -> dict[str, np.ndarray]:
    """Values of each signal for n predictions.

    ``mean`` moves by 0.2 σ, 10 points of ``share`` change genre, the popularity ``tail`` is reversed for 10 % of
    traffic, the share of ``new_users`` doubles from 5 %.
    """
    return {
        "score": rng.normal(0.2 if drift == "mean" else 0.0, 1.0, n),
        "price": rng.lognormal(0.0, 0.8, n),
        "activity": rng.poisson(20, n).astype(np.float64),
        "genre": rng.choice(4, n, p=GENRES_MOVED if drift == "share" else GENRES),
        "region": ranked(rng, 200, n),
        "exposure": ranked(rng, ITEMS, LIST * n, 0.1 if drift == "tail" else 0.0),
        "new_users": (rng.random(n) < (0.10 if drift == "new_users" else 0.05)).astype(np.float64),
    }


def ranked(rng: np.random.Generator, values: int, n: int, reversed_share: float = 0.0) -> np.ndarray:
    """n draws from 1 / rank, of which a share from the same upside down."""
    shares = 1 / np.arange(1, values + 1)
    shares /= shares.sum()
    mixed = (1 - reversed_share) * shares + reversed_share * shares[::-1]
    return np.searchsorted(mixed.cumsum()[:-1], rng.random(n), side="right")
