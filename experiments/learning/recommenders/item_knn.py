"""Item-based nearest neighbours for ratings and for implicit feedback.

Ratings: what user and item explain alone (damped biases) is taken away, similarity is the adjusted cosine over the
users two items share (Sarwar et al., WWW 2001), shrunk by n / (n + shrinkage) as in Koren, KDD 2008 (section 2.2)
and raised to a power (case amplification, Breese et al., UAI 1998). Implicit: cosine of the sets of users.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData


class ItemKnnParameters(Parameters):
    neighbours: int = Field(
        200, ge=1, le=5_000, title="Neighbours", description="Most similar items kept for each item."
    )
    shrinkage: float = Field(
        100.0,
        ge=0,
        le=10_000,
        title="Shrinkage",
        description="Similarity is scaled by n / (n + shrinkage), n being the users two items share.",
    )
    amplification: float = Field(
        1.5, ge=0.1, le=10, title="Amplification", description="Power of the similarity; above 1 close neighbours rule."
    )
    damping: float = Field(
        0.1,
        ge=0,
        le=100,
        title="Damping",
        description="Added to the sum of weights: few or weak neighbours move a rating less. Ratings only.",
    )


def fit(
    data: TrainingData,
    parameters: ItemKnnParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """One pass; ``seed`` and ``resume_from`` have nothing to decide."""
    # SciPy is loaded by who fits, not by every process that lists the architectures.
    from experiments.learning.recommenders.neighbourhood import fit_neighbours

    del seed, resume_from
    return fit_neighbours(data, parameters, observer)


ARCHITECTURE = Architecture(
    key="item_knn",
    label="Item neighbours",
    summary="Recommends what resembles the things a user liked: strong, explainable, weak for items with few ratings.",
    model_type="baseline",
    framework="numpy",
    parameters=ItemKnnParameters,
    fit=fit,
    iterative=False,
)
