"""The same list for everyone: what most people chose, or what the average person rates highest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import Architecture, Fitted, Observer, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.scorers.items import ItemScorer


class PopularityParameters(Parameters):
    """``damped_mean`` = (sum of ratings + damping · global mean) / (ratings + damping)."""

    score: Literal["count", "damped_mean"] = Field(
        "count",
        title="Score",
        description="Count of interactions (good lists), or the damped mean rating (a rating prediction).",
    )
    damping: float = Field(
        5.0,
        ge=0,
        le=10_000,
        title="Damping",
        description="Ratings at the global mean added to each item, so that one rating does not decide.",
    )


def fit(
    data: TrainingData,
    parameters: PopularityParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """Counts or averages once; ``seed`` and ``resume_from`` have nothing to decide."""
    del seed, resume_from
    check_training_data(data)
    rates = parameters.score == "damped_mean"
    if rates and data.feedback == "implicit":
        raise UnusableData("score is 'damped_mean' and the feedback implicit; accepted for implicit feedback: 'count'.")
    observer.on_start(epochs=0, total_parameters=data.num_items)
    scores = damped_means(data, parameters.damping) if rates else counts(data)
    return Fitted(ItemScorer(scores, num_users=data.num_users), predicts_ratings=rates)


def counts(data: TrainingData) -> FloatArray:
    """Training interactions of each item, shape (num_items,)."""
    return np.bincount(data.train.item, minlength=data.num_items).astype(np.float32)


def damped_means(data: TrainingData, damping: float) -> FloatArray:
    """Mean training rating of each item, pulled to the global mean, shape (num_items,)."""
    value = data.train.value.astype(np.float64)
    mean = float(value.mean())
    count = np.bincount(data.train.item, minlength=data.num_items)
    total = np.bincount(data.train.item, value - mean, minlength=data.num_items)
    # Without damping an item that nobody rated has no mean: it gets the global one.
    means: FloatArray = (mean + total / np.maximum(count + damping, np.finfo(np.float64).tiny)).astype(np.float32)
    return means


ARCHITECTURE = Architecture(
    key="popularity",
    label="Popularity",
    summary="The same list for everyone, ready in a moment: the line every other model has to beat.",
    model_type="baseline",
    framework="numpy",
    parameters=PopularityParameters,
    fit=fit,
    iterative=False,
)
