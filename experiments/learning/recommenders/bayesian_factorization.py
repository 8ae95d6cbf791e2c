"""Matrix factorisation that averages over many models instead of choosing one: predicts ratings best of all.

r ~ N(offset + bᵤ + bᵢ + pᵤ·qᵢ, 1/α), with a normal prior on each vector whose mean is linear in what is known of the
user or item beforehand: features, and who or what they met at all, as in SVD++ (Koren, KDD 2008) from both sides
(Rendle, Zhang, Koren, On the difficulty of evaluating baselines, 2019). All strengths of regularisation are learnt.
Everything is drawn in turn from its distribution given the rest (Salakhutdinov, Mnih, ICML 2008; side information:
Simm et al., Macau, 2017), and predictions are the mean over the draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.loop import Plan, identity_of, run_epochs
from experiments.learning.recommenders.memory import SMALLER, Need, Size
from experiments.learning.recommenders.network_fields import NegativesPerPositive


class BayesianFactorizationParameters(Parameters):
    epochs: int = Field(
        200,
        ge=1,
        le=5000,
        title="Sweeps",
        description="How often everything is drawn anew; the first fifth only finds the way and is not averaged.",
    )
    embedding_dim: int = Field(
        12, ge=1, le=256, title="Embedding dimension", description="Length of the vector of each user and item."
    )
    side_information: bool = Field(
        True, title="Side information", description="Expects of a vector what features and histories say."
    )
    noise: float = Field(
        0.0,
        ge=0,
        le=1000,
        title="Noise",
        description="How far ratings lie from their prediction (standard deviation); 0 learns it.",
    )
    early_stopping_patience: int = Field(
        0,
        ge=0,
        le=5000,
        title="Early stopping patience",
        description="Sweeps without a better validation loss before training ends; 0 makes all.",
    )
    negatives_per_positive: NegativesPerPositive = 4


def fit(
    data: TrainingData,
    parameters: BayesianFactorizationParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    # SciPy is loaded by who fits, not by every process that lists the architectures.
    from experiments.learning.recommenders.gibbs import GibbsLearner

    check_training_data(data)
    learner = GibbsLearner(
        data,
        size=parameters.embedding_dim,
        warm_up=parameters.epochs // 5,
        side=parameters.side_information,
        noise=parameters.noise,
        negatives=parameters.negatives_per_positive,
        seed=seed,
    )
    outcome = run_epochs(
        learner,
        Plan(epochs=parameters.epochs, patience=parameters.early_stopping_patience),
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )
    return outcome.fitted(learner, predicts_ratings=data.feedback == "explicit", optimizer="Gibbs sampling")


def memory(parameters: Any, size: Size) -> Need:
    """The mean's vectors (factor_mean.MOST_COLUMNS) while they are shortened, and the draws', in double precision."""
    rows = size.num_users + size.num_items
    return Need(
        8 * rows * (2 * 192 + 8 * (parameters.embedding_dim + 1)),
        f"vectors of {size.num_users:,} users and {size.num_items:,} items in double precision",
        SMALLER,
        "parameters.embedding_dim",
    )


ARCHITECTURE = Architecture(
    key="bayesian_factorization",
    label="Bayesian factorisation",
    summary="Averages hundreds of factor models that know features and histories: predicts ratings best of all; its "
    "lists are those of predicted ratings.",
    model_type="embedding",
    framework="numpy",
    parameters=BayesianFactorizationParameters,
    fit=fit,
    reads_features=True,
    memory=memory,
)
