"""Boosted trees on lags, calendar and what is known ahead; the number of trees is chosen on the validation part."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import Floats, TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.encoding import Encoder, learnable
from experiments.learning.tabular.forecasting.features import columns_of
from experiments.learning.tabular.forecasting.lag_parameters import LagParameters, fitted, prepared
from experiments.learning.tabular.forecasting.samples import Samples
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.scorers.trees import TreesScorer

_PATIENCE = 15
_BINS = 31
"""Of a feature. With weighted samples scikit-learn finds each edge by itself, which takes longer than the trees."""


class LagBoostingParameters(LagParameters):
    trees: int = Field(
        120, ge=1, le=2_000, title="Trees", description="At most; the validation part says where to stop."
    )
    learning_rate: float = Field(0.2, gt=0, le=1, title="Learning rate", description="How much each tree changes.")
    leaves: int = Field(16, ge=2, le=256, title="Leaves a tree", description="More leaves find finer joint effects.")
    smallest_leaf: int = Field(30, ge=1, le=100_000, title="Samples a leaf", description="Samples a leaf has at least.")
    loss: Literal["squared_error", "absolute_error"] = Field(
        "squared_error", title="Loss", description="squared_error forecasts the mean, absolute_error the median."
    )


def fit(
    data: TabularData, part: TablePart, parameters: LagBoostingParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """First without the validation part, to choose the number of trees, then with it, as it is the newest history."""
    start = prepared(data, part, parameters, seed=seed, observer=observer)
    samples = start.samples
    rare_below = data.rare_below * parameters.draws
    encoder = Encoder.fit(samples.table, *columns_of(samples.table), rare_below=rare_below, missing="keep")
    matrix = encoder.transform(samples.table)
    with one_core():
        trees = _chosen_trees(matrix, samples, parameters, seed)
        observer.log(f"{trees} trees, chosen on the validation part; learnt again from {len(samples):,} samples.")
        model = _boosted(parameters, seed, max_iter=trees, early_stopping=False)
        model.fit(matrix, samples.target, sample_weight=samples.weight)
    inner = TreesScorer.export(model, encoder, "identity")
    return fitted(data, parameters, start, inner, {"trees": trees})


def _chosen_trees(matrix: Floats, samples: Samples, parameters: LagBoostingParameters, seed: int) -> int:
    """The number with the least loss on validation samples; all where either part has none."""
    learn, check = ~samples.validation, samples.validation
    if not learn.any() or not check.any():
        return parameters.trees
    model = _boosted(parameters, seed, max_iter=parameters.trees, early_stopping=True, n_iter_no_change=_PATIENCE)
    model.fit(
        learnable(matrix[learn]),
        samples.target[learn],
        sample_weight=samples.weight[learn],
        X_val=matrix[check],
        y_val=samples.target[check],
        sample_weight_val=samples.weight[check],
    )
    return max(1, int(np.argmax(model.validation_score_)))


def _boosted(parameters: LagBoostingParameters, seed: int, **settings: Any) -> Any:
    # scikit-learn is loaded by who fits, not by every process that lists the architectures.
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(
        loss=parameters.loss,
        learning_rate=parameters.learning_rate,
        max_leaf_nodes=parameters.leaves,
        min_samples_leaf=parameters.smallest_leaf,
        max_bins=_BINS,
        random_state=seed,
        **settings,
    )


ARCHITECTURE = TabularArchitecture(
    key="lag_boosting",
    label="Lags, boosted trees",
    summary="Boosted trees on past values, calendar and known prices or promotions: accurate, slower, hard to explain.",
    family=Family.FORECASTING,
    parameters=LagBoostingParameters,
    fit=fit,
)
