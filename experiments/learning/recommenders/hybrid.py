"""The hybrid as specified (F14, F8): inner product of two embeddings + Dense 128 → 64 → 1 over them and the features.

Ratings are predicted by squared error. On implicit feedback the same network learns 1 for seen pairs and 0 for
sampled unseen ones (recommenders/sampling.py); its scores then rank and are no ratings.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.loop import Plan, identity_of
from experiments.learning.recommenders.network_fields import BatchSize, EmbeddingDim, NegativesPerPositive, Patience


class HybridParameters(Parameters):
    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over the training data.")
    learning_rate: float = Field(0.001, ge=1e-6, le=1, title="Learning rate", description="Step size of Adam.")
    embedding_dim: EmbeddingDim = 50
    batch_size: BatchSize = 256
    regularization: float = Field(
        0.01, ge=0, le=10, title="Regularization (L2)", description="λ on both embedding tables."
    )
    biases: bool = Field(
        False,
        title="Biases",
        description="Adds a user, an item and a global bias, and centres the ratings on their mean.",
    )
    early_stopping_patience: Patience = 0
    negatives_per_positive: NegativesPerPositive = 4


def fit(
    data: TrainingData,
    parameters: HybridParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    check_training_data(data)
    # TensorFlow takes seconds to import, and web processes import this module for its form.
    from experiments.learning.recommenders.keras_net.fit import fit_network
    from experiments.learning.recommenders.keras_net.learner import Penalty
    from experiments.learning.recommenders.keras_net.network import NetworkSpec

    return fit_network(
        data,
        NetworkSpec(parameters.embedding_dim, biases=parameters.biases),
        Plan(parameters.epochs, parameters.learning_rate, patience=parameters.early_stopping_patience),
        batch_size=parameters.batch_size,
        penalty=Penalty(whole=parameters.regularization),
        negatives=parameters.negatives_per_positive,
        seed=seed,
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


ARCHITECTURE = Architecture(
    key="hybrid",
    label="Hybrid",
    summary="Embeddings and a small network over user and item features; predicts ratings, ranks the catalogue poorly.",
    model_type="hybrid",
    framework="keras",
    parameters=HybridParameters,
    fit=fit,
)
