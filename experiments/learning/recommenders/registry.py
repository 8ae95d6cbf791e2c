"""Every architecture a person can choose, in the order in which forms list them. Imports no TensorFlow."""

from __future__ import annotations

from experiments.learning.recommenders import (
    bayesian_factorization,
    bert4rec,
    bpr,
    ease,
    hybrid,
    hybrid_biased,
    implicit_als,
    item_knn,
    matrix_factorization,
    popularity,
    sasrec,
    two_tower,
)
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.errors import UnknownArchitecture

ARCHITECTURES: dict[str, Architecture] = {
    architecture.key: architecture
    for architecture in (
        hybrid.ARCHITECTURE,
        hybrid_biased.ARCHITECTURE,
        matrix_factorization.ARCHITECTURE,
        bayesian_factorization.ARCHITECTURE,
        ease.ARCHITECTURE,
        implicit_als.ARCHITECTURE,
        bpr.ARCHITECTURE,
        two_tower.ARCHITECTURE,
        sasrec.ARCHITECTURE,
        bert4rec.ARCHITECTURE,
        item_knn.ARCHITECTURE,
        popularity.ARCHITECTURE,
    )
}


def get(key: str) -> Architecture:
    """Raises UnknownArchitecture, which lists what exists."""
    if key not in ARCHITECTURES:
        raise UnknownArchitecture(f"architecture is {key!r}; accepted: {', '.join(ARCHITECTURES)}.")
    return ARCHITECTURES[key]
