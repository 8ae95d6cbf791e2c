"""Matrix factorisation for lists by alternating least squares with confidence (Hu, Koren, Volinsky, ICDM 2008).

Liked pairs want 1, all others 0; how sure that is grows with the weight of the pair, see ImplicitALS. Ratings become
liked pairs first, so this ranks where matrix_factorization predicts ratings.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.als import ImplicitALS
from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan, identity_of, run_epochs
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.positives import PositiveParameters, liked


class ImplicitAlsParameters(PositiveParameters):
    epochs: int = Field(15, ge=1, le=1000, title="Epochs", description="Rounds of solving users, then items.")
    embedding_dim: int = Field(
        32, ge=1, le=512, title="Embedding dimension", description="Length of the vector of each user and item."
    )
    regularization: float = Field(
        30.0, ge=1e-6, le=100_000, title="Regularization (L2)", description="Ridge of a vector; 10–100 is usual."
    )
    confidence: float = Field(
        4.0, ge=0, le=10_000, title="Confidence α", description="How much more a liked pair of weight 1 counts."
    )
    early_stopping_patience: int = Field(
        0,
        ge=0,
        le=1000,
        title="Early stopping patience",
        description="Epochs without a better validation loss before training ends; 0 trains all epochs.",
    )


def fit(
    data: TrainingData,
    parameters: ImplicitAlsParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    learner = ImplicitALS(
        liked(data, parameters),
        size=parameters.embedding_dim,
        ridge=parameters.regularization,
        confidence=parameters.confidence,
        seed=seed,
    )
    outcome = run_epochs(
        learner,
        Plan(epochs=parameters.epochs, patience=parameters.early_stopping_patience),
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )
    return outcome.fitted(learner, predicts_ratings=False, optimizer="alternating least squares")


ARCHITECTURE = Architecture(
    key="implicit_als",
    label="Implicit ALS",
    summary="Short vectors for lists in seconds, for large catalogues too; its scores are no ratings.",
    model_type="embedding",
    framework="numpy",
    parameters=ImplicitAlsParameters,
    fit=fit,
    memory=of_tables(copies=3),
    objective="ranking",
)
