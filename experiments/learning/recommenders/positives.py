"""From ratings or events to what ranking models learn from: who liked what, and how much each pair counts."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import Fold, Parameters, TrainingData
from experiments.learning.recommenders.checks import check_training_data
from experiments.learning.recommenders.errors import UnusableData


class PositiveParameters(Parameters):
    """Which ratings count as liked, and how much. Implicit feedback has no scale: there every event is liked."""

    positive_from: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Liked from",
        description="Place on the rating scale from which a rating counts as liked: 0 takes all, 0.75 takes 4 and 5 "
        "of 1–5. Ratings only.",
    )
    lowest_weight: float = Field(
        0.2,
        ge=0,
        le=1,
        title="Weight of the lowest rating",
        description="What the lowest rating counts where the highest counts 1; 1 counts all alike. Ratings only.",
    )


def liked(data: TrainingData, parameters: PositiveParameters) -> TrainingData:
    """``data`` as implicit feedback: the liked pairs alone, whose ``value`` is their weight, above 0.

    A rating at place p of its scale (0 lowest, 1 highest) weighs w + (1 − w)·p, w being ``lowest_weight``; pairs of
    weight 0 are left out. Events keep their strength s as ln(1 + s), in which a hundred plays are not a hundred times
    one; see :func:`with_log_strengths`.

    Raises UnusableData where the data contradicts itself or no training pair is liked.
    """
    check_training_data(data)
    if data.feedback == "implicit":
        return with_log_strengths(data)
    low, high = _scale(data)

    def part(fold: Fold) -> Fold:
        place = np.clip((fold.value - low) / (high - low), 0, 1)
        weight = (parameters.lowest_weight + (1 - parameters.lowest_weight) * place).astype(np.float32)
        # A rating that stands exactly at the limit is liked, whatever the division rounds to.
        return _rows(fold, (place >= parameters.positive_from - 1e-6) & (weight > 0), weight)

    train = part(data.train)
    if len(train) == 0:
        limit = low + parameters.positive_from * (high - low)
        raise UnusableData(
            f"positive_from is {parameters.positive_from:g} and lowest_weight {parameters.lowest_weight:g}: no "
            f"training rating counts as liked. The limit is {limit:g}, the highest training rating "
            f"{data.train.value.max():g}; accepted: a lower positive_from."
        )
    return dataclasses.replace(data, train=train, validation=part(data.validation), feedback="implicit", scale=None)


def with_log_strengths(data: TrainingData) -> TrainingData:
    """Events whose ``value`` is ln(1 + strength), negative strengths counting as 0."""

    def part(fold: Fold) -> Fold:
        return dataclasses.replace(fold, value=np.log1p(np.maximum(fold.value, 0)).astype(np.float32))

    return dataclasses.replace(data, train=part(data.train), validation=part(data.validation))


def with_equal_weights(data: TrainingData) -> TrainingData:
    """Pairs that all weigh 1, for methods defined on who met what."""

    def part(fold: Fold) -> Fold:
        return dataclasses.replace(fold, value=np.ones_like(fold.value))

    return dataclasses.replace(data, train=part(data.train), validation=part(data.validation))


def _scale(data: TrainingData) -> tuple[float, float]:
    """The data's scale; where nobody said one, the range of its training ratings."""
    low, high = data.scale or (float(data.train.value.min()), float(data.train.value.max()))
    # One rating for everybody says nothing of more or less: it is the highest there is.
    return (low, high) if low < high else (high - 1.0, high)


def _rows(fold: Fold, chosen: NDArray[np.bool_], weight: FloatArray) -> Fold:
    return Fold(
        user=fold.user[chosen],
        item=fold.item[chosen],
        value=weight[chosen],
        timestamp=None if fold.timestamp is None else fold.timestamp[chosen],
    )
