"""Bayesian personalised ranking: vectors that put what a user liked above what they have not met.

Minimises Σ w·−ln σ(s(u, i) − s(u, j)) + λ/2·‖·‖² over liked items i and sampled unseen items j, with
s(u, i) = x·y + bᵢ (Rendle, Freudenthaler, Gantner, Schmidt-Thieme, UAI 2009). With more than one candidate j is the one
scored highest of a few drawn, which teaches the top of the list (dynamic sampling: Zhang, Chen, Wang, Yu, SIGIR 2013).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan, identity_of, run_epochs
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.pairwise import PairwiseRanker
from experiments.learning.recommenders.positives import PositiveParameters, liked, with_equal_weights


class BprParameters(PositiveParameters):
    epochs: int = Field(40, ge=1, le=1000, title="Epochs", description="Passes over the liked pairs.")
    learning_rate: float = Field(
        0.05, ge=1e-6, le=10, title="Learning rate", description="Step size of Adagrad; 0.01–0.1 is usual."
    )
    embedding_dim: int = Field(
        32, ge=1, le=512, title="Embedding dimension", description="Length of the vector of each user and item."
    )
    batch_size: int = Field(1024, ge=1, le=1_000_000, title="Batch size", description="Liked pairs a step.")
    regularization: float = Field(
        0.03,
        ge=0,
        le=100,
        title="Regularization (L2)",
        description="Penalty on the vectors that a step touches; 0.01–0.1 is usual.",
    )
    candidates: int = Field(
        4,
        ge=1,
        le=100,
        title="Candidates",
        description="Unseen items drawn for each liked one; the one scored highest is learnt from. 1 is the paper's.",
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
    parameters: BprParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    positives = liked(data, parameters)
    learner = PairwiseRanker(
        with_equal_weights(positives) if data.feedback == "implicit" else positives,
        size=parameters.embedding_dim,
        regularization=parameters.regularization,
        candidates=parameters.candidates,
        batch_size=parameters.batch_size,
        seed=seed,
    )
    outcome = run_epochs(
        learner,
        Plan(
            epochs=parameters.epochs,
            learning_rate=parameters.learning_rate,
            patience=parameters.early_stopping_patience,
        ),
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )
    return outcome.fitted(learner, predicts_ratings=False, optimizer="Adagrad")


ARCHITECTURE = Architecture(
    key="bpr",
    label="BPR",
    summary="Learns from pairs to put liked items above the rest; for large catalogues, slower than implicit ALS.",
    model_type="ranking",
    framework="numpy",
    parameters=BprParameters,
    fit=fit,
    memory=of_tables(copies=3),
    objective="ranking",
)
