"""Matrix factorisation by alternating least squares, in NumPy: starts at once, needs no learning rate.

Ratings: r ≈ offset + bᵤ + bᵢ + pᵤ·qᵢ, each side solved exactly while the other is held; the ridge of a user or item
grows with its number of ratings (ALS-WR: Zhou, Wilkinson, Schreiber, Pan, AAIM 2008). Implicit feedback: seen pairs
want 1 with confidence 1 + α·log(1 + strength), all others want 0 with confidence 1 (Hu, Koren, Volinsky, ICDM 2008).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.als import ExplicitALS, ImplicitALS
from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.loop import Plan, identity_of, run_epochs
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.positives import with_log_strengths


class MatrixFactorizationParameters(Parameters):
    epochs: int = Field(15, ge=1, le=1000, title="Epochs", description="Rounds of solving users, then items.")
    embedding_dim: int = Field(
        50, ge=1, le=512, title="Embedding dimension", description="Length of the vector of each user and item."
    )
    regularization: float = Field(
        0.15,
        ge=1e-6,
        le=1000,
        title="Regularization (L2)",
        description="Ridge a rating; 0.05–0.3 is usual. Ratings only.",
    )
    implicit_regularization: float = Field(
        30.0,
        ge=1e-6,
        le=100_000,
        title="Regularization, implicit",
        description="Ridge of a vector; 1–100 is usual. Implicit feedback only.",
    )
    confidence: float = Field(
        5.0, ge=0, le=10_000, title="Confidence α", description="How much more a seen pair counts. Implicit only."
    )
    early_stopping_patience: int = Field(
        3,
        ge=0,
        le=1000,
        title="Early stopping patience",
        description="Epochs without a better validation loss before training ends; 0 trains all epochs.",
    )


def fit(
    data: TrainingData,
    parameters: MatrixFactorizationParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    check_training_data(data)
    explicit = data.feedback == "explicit"
    size = parameters.embedding_dim
    learner = (
        ExplicitALS(data, size=size, ridge=parameters.regularization, seed=seed)
        if explicit
        else ImplicitALS(
            with_log_strengths(data),
            size=size,
            ridge=parameters.implicit_regularization,
            confidence=parameters.confidence,
            seed=seed,
        )
    )
    outcome = run_epochs(
        learner,
        Plan(epochs=parameters.epochs, patience=parameters.early_stopping_patience),
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )
    return outcome.fitted(learner, predicts_ratings=explicit, optimizer="alternating least squares")


ARCHITECTURE = Architecture(
    key="matrix_factorization",
    label="Matrix factorisation",
    summary="Learns a short vector for each user and item in seconds; knows nothing of their features.",
    model_type="embedding",
    framework="numpy",
    parameters=MatrixFactorizationParameters,
    fit=fit,
    memory=of_tables(copies=3),
)
