"""EASEᴿ: every item's weights on all others, in one closed form (Steck, WWW 2019).

Minimises ‖X − XB‖² + λ‖B‖² over B with a zero diagonal, X being the weights of what users liked: with
P = (XᵀX + λI)⁻¹, B is −P with each column divided by its entry on the diagonal, and 0 on the diagonal.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.memory import of_item_matrix
from experiments.learning.recommenders.positives import PositiveParameters


class EaseParameters(PositiveParameters):
    regularization: float = Field(
        300.0,
        ge=0.01,
        le=1_000_000,
        title="Regularization (L2)",
        description="Ridge λ of the item weights; 100–1,000 is usual, more for more users.",
    )


def fit(
    data: TrainingData,
    parameters: EaseParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """One solve; ``seed`` and ``resume_from`` have nothing to decide. Raises UnusableData, also for too many items."""
    # SciPy is loaded by who fits, not by every process that lists the architectures.
    from experiments.learning.recommenders.item_weights import fit_item_weights

    del seed, resume_from
    return fit_item_weights(data, parameters, observer)


ARCHITECTURE = Architecture(
    key="ease",
    label="EASE",
    summary="Weighs all items against each other in one step: the best lists for the least effort, up to 16,384 items.",
    model_type="ranking",
    framework="numpy",
    parameters=EaseParameters,
    fit=fit,
    iterative=False,
    memory=of_item_matrix(most=3 << 30),  # the 2 GiB of item_weights.MAX_GRAM_BYTES and the answer
    objective="ranking",
)
