"""Logistic regression with an effect of each action that differs by feature.

log-odds = b + w . x + sum over actions a of 1[action = a] (c_a + v_a . x), by maximum likelihood with the penalty
regularization / 2 (|w|^2 + |c|^2 + |v|^2) on standardised columns (Hastie, Tibshirani, Friedman, The Elements of
Statistical Learning, 2009, section 4.4). Where v is 0, an action adds the same to everybody's log-odds.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import Floats, TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.columns import Texts
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.next_best_action.learning import ActionParameters, constant, known_of, rows_of
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.scorers.action_linear import ActionLinearScorer
from experiments.learning.tabular.scorers.actions import KnownActions

MOST_STEPS = 100


class ActionLogisticParameters(ActionParameters):
    regularization: float = Field(
        1.0,
        ge=1e-6,
        le=1e9,
        title="Regularization (L2)",
        description="Penalty on the weights of standardised columns; more makes the actions' effects alike.",
    )
    interactions: bool = Field(
        True, title="Effects differ by customer", description="Off: an action adds the same to everybody's log-odds."
    )


def fit(
    data: TabularData, part: TablePart, parameters: ActionLogisticParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """One convex problem; ``seed`` has nothing to decide. Raises TableError for columns that cannot be read."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    del seed
    train = rows_of(data, part.train)
    if train.one_sided:
        observer.on_start(epochs=0, total_parameters=1)
        return constant(data, part, "Every training row has the same outcome, so the base rate is all there is.")
    known = known_of(data, train)
    roles = data.roles
    encoder = Encoder.fit(
        train.frame, roles.numeric, roles.categorical, rare_below=max(parameters.rare_below, data.rare_below)
    )
    design = _design(encoder.transform(train.frame), train.taken, known, parameters.interactions)
    observer.on_start(epochs=0, total_parameters=design.shape[1] + 1)
    estimator = LogisticRegression(
        C=1 / parameters.regularization, solver="newton-cholesky", max_iter=MOST_STEPS, tol=1e-8
    )
    with one_core(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(design, train.outcome)
    if any(issubclass(each.category, ConvergenceWarning) for each in caught):
        observer.log(f"Stopped after {MOST_STEPS} steps, before the last digit was settled.")
    weights, biases = _unfold(estimator.coef_[0], float(estimator.intercept_[0]), len(encoder.names), known)
    scorer = ActionLinearScorer(encoder, known, weights, biases)
    return TabularFitted(scorer, details=_details(encoder, known, weights, biases))


def _design(matrix: Floats, taken: Texts, known: KnownActions, interactions: bool) -> Floats:
    """[x | one column an action | x under each action, if wanted]; with one action x alone."""
    if len(known.names) == 1:
        return matrix
    chosen = np.stack([taken == action for action in known.names], axis=1).astype(np.float64)
    parts = [matrix, chosen]
    if interactions:
        parts += [matrix * chosen[:, place, None] for place in range(len(known.names))]
    return np.concatenate(parts, axis=1)


def _unfold(coefficients: Floats, intercept: float, columns: int, known: KnownActions) -> tuple[Floats, Floats]:
    """Weights (actions, columns) and biases (actions,) from the coefficients of ``_design``."""
    actions = len(known.names)
    weights = np.tile(coefficients[:columns], (actions, 1))
    biases = np.full(actions, intercept)
    if actions > 1:
        biases = biases + coefficients[columns : columns + actions]
        own = coefficients[columns + actions :]
        if len(own):
            weights = weights + own.reshape(actions, columns)
    return weights, biases


def _details(encoder: Encoder, known: KnownActions, weights: Floats, biases: Floats) -> dict[str, Any]:
    """Log-odds of each action for the average customer, and what one standard deviation or one kind adds to them."""
    return {
        "actions": list(known.names),
        "log_odds_of_the_average": dict(zip(known.names, biases.tolist(), strict=True)),
        "weights": [
            {"name": name, "column": column, **dict(zip(known.names, weights[:, place].tolist(), strict=True))}
            for place, (name, column) in enumerate(zip(encoder.names, encoder.sources(), strict=True))
        ],
    }


ARCHITECTURE = TabularArchitecture(
    key="action_logistic",
    label="Logistic regression by action",
    summary="What each feature adds under each action, readable weight by weight; some thousand rows suffice, but it "
    "finds no curves.",
    family=Family.NEXT_BEST_ACTION,
    parameters=ActionLogisticParameters,
    fit=fit,
)
