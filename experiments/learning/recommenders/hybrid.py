"""The hybrid as specified (F14, F8): inner product of two embeddings + Dense 128 → 64 → 1 over them and the features.

Objective rating: ratings are predicted by squared error. Objective ranking: a head of its own on the same embeddings
learns to put what a user liked above the rest (keras_net/ranking_learner.py). Joint: both at once; pairs are answered
with ratings, lists are made by the ranking head. On implicit feedback rating learns 1 for seen pairs and 0 for sampled
unseen ones (recommenders/sampling.py); its scores then rank and are no ratings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.loop import Plan, identity_of
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.network_fields import BatchSize, EmbeddingDim, NegativesPerPositive, Patience

Objective = Literal["rating", "ranking", "joint"]
_NOT_UNDER: dict[Objective, tuple[str, ...]] = {
    "rating": ("objective", "ranking_weight", "ranking_regularization", "candidates"),
    "ranking": ("biases", "regularization", "ranking_weight", "negatives_per_positive"),
    "joint": ("negatives_per_positive",),
}
"""Parameters that mean nothing under an objective."""


_DROPOUT, _BIAS_SHARE = 0.4, 1 / 30
"""Of the rating network under the joint objective: those of hybrid_biased, whose reasons hold here."""


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
    objective: Objective = Field(
        "rating",
        title="Objective",
        description="Predict ratings, rank the catalogue, or both with one network.",
    )
    ranking_weight: float = Field(
        0.3, ge=0, le=100, title="Ranking weight", description="How much ranking counts beside ratings. Joint only."
    )
    ranking_regularization: float = Field(
        0.05,
        ge=0,
        le=10,
        title="Regularization of ranking",
        description="λ on the vectors that rank. Ranking and joint only.",
    )
    candidates: int = Field(
        2048,
        ge=1,
        le=65_536,
        title="Candidates",
        description="Items drawn a step that liked ones are ranked against; catalogues of at most so many are taken "
        "whole. Ranking and joint only.",
    )

    @model_serializer(mode="wrap")
    def _what_applies(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As runs keep and hash it: what says nothing under the objective is left out, so that runs as specified are
        stored as they were before there was a choice."""
        found: dict[str, Any] = handler(self)
        return {name: value for name, value in found.items() if name not in _NOT_UNDER[self.objective]}


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
    return (
        _fit_rating(data, parameters, seed, observer, resume_from)
        if parameters.objective == "rating"
        else (_fit_ranking(data, parameters, seed, observer, resume_from))
    )


def _fit_rating(
    data: TrainingData, parameters: HybridParameters, seed: int, observer: Observer, resume_from: Path | None
) -> Fitted:
    # TensorFlow takes seconds to import, and web processes import this module for its form.
    from experiments.learning.recommenders.keras_net.fit import fit_network
    from experiments.learning.recommenders.keras_net.learner import Penalty
    from experiments.learning.recommenders.keras_net.network import NetworkSpec

    return fit_network(
        data,
        NetworkSpec(parameters.embedding_dim, biases=parameters.biases),
        _plan(parameters),
        batch_size=parameters.batch_size,
        penalty=Penalty(whole=parameters.regularization),
        negatives=parameters.negatives_per_positive,
        seed=seed,
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


def _fit_ranking(
    data: TrainingData, parameters: HybridParameters, seed: int, observer: Observer, resume_from: Path | None
) -> Fitted:
    """Events hold no ratings, so of them joint learns to rank alone."""
    from experiments.learning.recommenders.keras_net.fit_ranking import fit_ranking
    from experiments.learning.recommenders.keras_net.learner import Penalty
    from experiments.learning.recommenders.keras_net.network import NetworkSpec

    rates = parameters.objective == "joint" and data.feedback == "explicit"
    return fit_ranking(
        data,
        NetworkSpec(parameters.embedding_dim, biases=parameters.biases and rates, dropout=_DROPOUT if rates else 0.0),
        _plan(parameters),
        rates=rates,
        share=parameters.ranking_weight,
        candidates=parameters.candidates,
        ranking_penalty=parameters.ranking_regularization,
        batch_size=parameters.batch_size,
        penalty=Penalty(looked_up=parameters.regularization, looked_up_bias=parameters.regularization * _BIAS_SHARE),
        seed=seed,
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


def _plan(parameters: HybridParameters) -> Plan:
    return Plan(parameters.epochs, parameters.learning_rate, patience=parameters.early_stopping_patience)


ARCHITECTURE = Architecture(
    key="hybrid",
    label="Hybrid",
    summary="Embeddings and a small network over user and item features; predicts ratings; ranks well under joint.",
    model_type="hybrid",
    framework="keras",
    parameters=HybridParameters,
    fit=fit,
    reads_features=True,
    memory=of_tables(),
)
