"""Boosted trees over features and action (Friedman, Annals of Statistics 29, 2001), calibrated on validation rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.next_best_action.calibration import Method, calibrate
from experiments.learning.tabular.next_best_action.learning import (
    ActionParameters,
    Rows,
    constant,
    known_of,
    rows_of,
)
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.scorers.action_trees import ActionTreesScorer
from experiments.learning.tabular.scorers.trees import TreesScorer


class ActionBoostingParameters(ActionParameters):
    trees: int = Field(300, ge=1, le=5_000, title="Trees", description="At most; fewer where patience runs out.")
    learning_rate: float = Field(
        0.05, ge=1e-4, le=1, title="Learning rate", description="Share of each tree that counts; 0.02–0.1 is usual."
    )
    leaves: int = Field(8, ge=2, le=1_000, title="Leaves a tree", description="More leaves find finer joint effects.")
    smallest_leaf: int = Field(
        40, ge=1, le=100_000, title="Rows a leaf", description="Training rows a leaf has at least."
    )
    regularization: float = Field(
        1.0, ge=0, le=1e6, title="Regularization (L2)", description="Penalty on the values of leaves."
    )
    early_stopping_patience: int = Field(
        20,
        ge=0,
        le=5_000,
        title="Early stopping patience",
        description="Trees without a better validation loss before training ends; 0 grows all trees.",
    )
    calibration: Method = Field(
        "platt",
        title="Calibration",
        description="platt: an S-curve, for any number of validation rows; isotonic: any rising curve, for a thousand "
        "or more; none: as the trees say.",
    )


def fit(
    data: TabularData, part: TablePart, parameters: ActionBoostingParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Grown on the training rows; the validation rows decide when to stop, and then calibrate.

    Raises TableError for columns that cannot be read.
    """
    train, held_out = rows_of(data, part.train), rows_of(data, part.validation)
    if train.one_sided:
        observer.on_start(epochs=0, total_parameters=1)
        return constant(data, part, "Every training row has the same outcome, so the base rate is all there is.")
    observer.on_start(epochs=0, total_parameters=0)
    roles = data.roles
    kinds = (*roles.categorical, roles.action)
    encoder = Encoder.fit(
        train.frame, roles.numeric, kinds, rare_below=max(parameters.rare_below, data.rare_below), missing="keep"
    )
    trees, details = _grow(encoder, train, held_out, parameters, seed)
    observer.log(f"{details['trees_grown']} trees grown, {details['trees']} kept.")
    calibration = calibrate(trees.raw(encoder.transform(held_out.frame)), held_out.outcome, parameters.calibration)
    details |= {"calibration": calibration.method, "calibrated_on": f"{len(held_out.outcome)} validation rows"}
    if calibration.method != parameters.calibration:
        details["note"] = "The validation rows have one outcome alone, so the probabilities are not calibrated."
    scorer = ActionTreesScorer(trees, known_of(data, train), calibration)
    return TabularFitted(scorer, details=details | {"actions": list(scorer.known.names)})


def _grow(
    encoder: Encoder, train: Rows, held_out: Rows, parameters: ActionBoostingParameters, seed: int
) -> tuple[TreesScorer, dict[str, Any]]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    stops = parameters.early_stopping_patience > 0 and not held_out.one_sided
    estimator = HistGradientBoostingClassifier(
        max_iter=parameters.trees,
        learning_rate=parameters.learning_rate,
        max_leaf_nodes=parameters.leaves,
        min_samples_leaf=parameters.smallest_leaf,
        l2_regularization=parameters.regularization,
        early_stopping=stops,
        n_iter_no_change=max(parameters.early_stopping_patience, 1),
        tol=0.0,
        random_state=seed,
    )
    judge = {"X_val": encoder.transform(held_out.frame), "y_val": held_out.outcome} if stops else {}
    with one_core():
        estimator.fit(encoder.transform(train.frame), train.outcome, **judge)
    # Scores start with the one before the first tree.
    best = max(int(np.argmax(estimator.validation_score_)), 1) if stops else int(estimator.n_iter_)
    scorer = TreesScorer.export(estimator, encoder, "logit", iterations=best)
    return scorer, {"trees": best, "trees_grown": int(estimator.n_iter_)}


ARCHITECTURE = TabularArchitecture(
    key="action_boosting",
    label="Boosted trees by action",
    summary="Finds curves and joint effects by itself, with probabilities calibrated on rows it did not learn from; "
    "wants some thousand rows.",
    family=Family.NEXT_BEST_ACTION,
    parameters=ActionBoostingParameters,
    fit=fit,
)
