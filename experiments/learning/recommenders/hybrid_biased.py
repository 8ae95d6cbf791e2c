"""The hybrid with biases and centred ratings, and defaults of our own choosing.

Three things make it better than the hybrid as specified: biases take the levels of users and items off the network;
the penalty falls on the rows a batch looks up, so embeddings survive it; dropout and a falling learning rate let the
tower train longer. Chosen on the validation parts of MovieLens 100k's u1 and u3; figures: benchmarks/rating_quality.py.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.loop import Plan, identity_of
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.network_fields import BatchSize, EmbeddingDim, NegativesPerPositive, Patience

_BIAS_SHARE = 1 / 30
"""Biases are held this much less tightly than embeddings."""


class HybridBiasedParameters(Parameters):
    epochs: int = Field(20, ge=1, le=1000, title="Epochs", description="Passes over the training data, at most.")
    learning_rate: float = Field(
        0.002, ge=1e-6, le=1, title="Learning rate", description="Step size of Adam in the first epoch."
    )
    learning_rate_decay: float = Field(
        0.85, ge=0.1, le=1, title="Learning rate decay", description="Factor from one epoch to the next; 1 keeps it."
    )
    embedding_dim: EmbeddingDim = 50
    batch_size: BatchSize = 256
    regularization: float = Field(
        0.15,
        ge=0,
        le=10,
        title="Regularization (L2)",
        description="λ on the embeddings a batch looks up: every rating pulls its user and item a little to zero.",
    )
    dropout: float = Field(0.4, ge=0, le=0.9, title="Dropout", description="Share of hidden values left out a step.")
    early_stopping_patience: Patience = 3
    negatives_per_positive: NegativesPerPositive = 4


def fit(
    data: TrainingData,
    parameters: HybridBiasedParameters,
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

    weight = parameters.regularization
    return fit_network(
        data,
        NetworkSpec(parameters.embedding_dim, biases=True, dropout=parameters.dropout),
        Plan(
            parameters.epochs,
            parameters.learning_rate,
            parameters.learning_rate_decay,
            parameters.early_stopping_patience,
        ),
        batch_size=parameters.batch_size,
        penalty=Penalty(looked_up=weight, looked_up_bias=weight * _BIAS_SHARE),
        negatives=parameters.negatives_per_positive,
        seed=seed,
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


ARCHITECTURE = Architecture(
    key="hybrid_biased",
    label="Hybrid with biases",
    summary="The hybrid with user, item and global bias: predicts ratings well, ranks the catalogue poorly.",
    model_type="hybrid",
    framework="keras",
    parameters=HybridBiasedParameters,
    fit=fit,
    reads_features=True,
    memory=of_tables(),
)
