"""Evaluate a trained model on a split: both protocols, their reference lines, segments, curves and decisions.

One pass over blocks of users serves every metric at every k, the curves and the references; memory is bounded by one
block of scores and a few numbers a user, never by users x items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import Feedback
from experiments.learning.metrics.arrays import Floats, Scores
from experiments.learning.metrics.calibration import calibration
from experiments.learning.metrics.catalogue import CatalogueFindings, CataloguePass
from experiments.learning.metrics.chance_diversity import random_diversity
from experiments.learning.metrics.checks import check_input
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.curves import curves
from experiments.learning.metrics.describe import describe_catalogue, describe_pointwise, describe_rated
from experiments.learning.metrics.pairs import PairSet
from experiments.learning.metrics.pointwise import Pointwise
from experiments.learning.metrics.rated_findings import PredictedFold, RatedFindings, rated_findings
from experiments.learning.metrics.report import catalogue_metrics, per_user_table, rated_metrics
from experiments.learning.metrics.result import Evaluation, MetricResult
from experiments.learning.metrics.settings import EvaluationSettings, relevance_threshold
from experiments.learning.recommenders.base import Fold, Scorer

__all__ = ["EvaluationSettings", "evaluate"]

PAIRS_AT_A_TIME = 262_144

Progress = Callable[[int, int], None]
"""Called with (users done, users in all) after each block; may raise to stop the evaluation."""


def evaluate(
    fitted_scorer: Scorer,
    *,
    train: Fold,
    validation: Fold,
    test: Fold,
    num_items: int,
    feedback: Feedback,
    scale: tuple[float, float] | None,
    predicts_ratings: bool,
    settings: EvaluationSettings | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Everything that can be said about a model on this split.

    The catalogue protocol is always computed; the rated and the pointwise protocol where the data are explicit
    ratings and the model predicts them.

    Args:
        fitted_scorer: scores users against items, in codes of the folds.
        train, validation, test: disjoint parts; validation may be empty, then the cut is the relevance threshold.
        num_items: size of the catalogue.
        feedback: what values are: ratings (explicit) or strengths (implicit).
        scale: lowest and highest rating of explicit data.
        predicts_ratings: whether scores are on the rating scale.
        settings: choices; the defaults where None.
        on_progress: told after each block of users.

    Raises:
        ValueError: the input cannot be evaluated, or a score is NaN or infinite; the message names which.
    """
    settings = settings or EvaluationSettings()
    check_input({"train": train, "validation": validation, "test": test}, num_items, feedback, scale)
    context = Context.of(train, validation, test, num_items, settings)
    test_users = np.unique(test.user).astype(np.int64)
    threshold = relevance_threshold(settings.relevant_from, scale) if feedback == "explicit" and scale else None

    catalogue, unreachable = _catalogue(fitted_scorer, context, test, threshold, on_progress)
    metrics = catalogue_metrics(context, catalogue, test_users, random_diversity(context, catalogue.users))
    protocols = {"catalogue": describe_catalogue(context, catalogue, len(test_users), threshold, unreachable)}
    confusion = {"catalogue": catalogue.confusion.as_dict()}
    list_lengths = np.arange(1, num_items + 1)
    irrelevant = catalogue.decisions - catalogue.positives
    drawn = {"catalogue": curves(list_lengths, catalogue.positives, irrelevant, settings.curve_points)}

    rated: RatedFindings | None = None
    pointwise: Pointwise | None = None
    calibrated: dict[str, Any] = {}
    if threshold is not None and scale is not None and predicts_ratings:
        on_test = PredictedFold(test, _predict(fitted_scorer, test))
        on_validation = PredictedFold(validation, _predict(fitted_scorer, validation))
        rated = rated_findings(context, on_validation, on_test, threshold, scale)
        pointwise = Pointwise.of(train, test, on_test.prediction, num_items, scale)
        metrics = _headline_first(rated_metrics(context, rated, test_users) + pointwise.metrics(context), metrics)
        protocols["rated"] = describe_rated(context, rated, threshold, scale)
        protocols["pointwise"] = describe_pointwise(len(test), len(test_users), scale)
        confusion["rated"] = rated.confusion.as_dict()
        drawn["rated"] = curves(rated.thresholds, rated.positives, rated.negatives, settings.curve_points)
        calibrated = calibration(pointwise.predicted, pointwise.actual, scale, settings.calibration_bins)

    return Evaluation(
        metrics=tuple(metrics),
        protocols=protocols,
        per_user=per_user_table(context, catalogue, rated, pointwise.per_user() if pointwise else None),
        confusion=confusion,
        roc={protocol: roc for protocol, (roc, _) in drawn.items()},
        precision_recall={protocol: pr for protocol, (_, pr) in drawn.items()},
        calibration=calibrated,
    )


def _catalogue(
    scorer: Scorer, context: Context, test: Fold, threshold: float | None, on_progress: Progress | None
) -> tuple[CatalogueFindings, int]:
    """The pass over score blocks, and how many relevant pairs had been seen before and cannot be recommended."""
    chosen = test.value >= threshold if threshold is not None else np.ones(len(test), dtype=np.bool_)
    wanted = PairSet.of(test.user[chosen], test.item[chosen], context.num_items)
    relevant = wanted.without(context.seen)
    users = relevant.users().astype(np.int32)
    blocks = CataloguePass(context, relevant)
    step = context.settings.users_per_block(context.num_items)
    for start in range(0, max(len(users), 1), step):
        part = users[start : start + step]
        blocks.add(part, _score(scorer, part, context.num_items))
        if on_progress is not None:
            on_progress(start + len(part), len(users))
    return blocks.findings(), len(wanted) - len(relevant)


def _score(scorer: Scorer, users: NDArray[np.int32], num_items: int) -> Scores:
    if len(users) == 0:
        return np.empty((0, num_items), dtype=np.float32)
    scores = np.asarray(scorer.score_block(users))
    if scores.shape != (len(users), num_items):
        raise ValueError(
            f"score_block returned an array of shape {scores.shape}; {(len(users), num_items)} is expected, "
            "one row a user and one column an item."
        )
    return scores if np.issubdtype(scores.dtype, np.floating) else scores.astype(np.float64)


def _predict(scorer: Scorer, fold: Fold) -> Floats:
    """Raw predictions of all pairs of a part, shape (len(fold),)."""
    predicted = np.empty(len(fold), dtype=np.float64)
    for start in range(0, len(fold), PAIRS_AT_A_TIME):
        rows = slice(start, start + PAIRS_AT_A_TIME)
        predicted[rows] = scorer.score_pairs(fold.user[rows], fold.item[rows])
    if not np.isfinite(predicted).all():
        row = int(np.argmin(np.isfinite(predicted)))
        raise ValueError(
            f"The predicted rating of user code {fold.user[row]} and item code {fold.item[row]} is {predicted[row]}; "
            "predictions must be finite numbers. A model that has diverged gives such predictions."
        )
    return predicted


def _headline_first(first: list[MetricResult], others: list[MetricResult]) -> list[MetricResult]:
    """The protocols of the thresholds stand before the catalogue's (decision D2)."""
    return first + others
