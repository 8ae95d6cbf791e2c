"""A linear forecaster: ridge regression on lags, calendar and what is known ahead."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import Floats, TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.forecasting.features import columns_of
from experiments.learning.tabular.forecasting.lag_parameters import LagParameters, fitted, prepared
from experiments.learning.tabular.forecasting.samples import Samples
from experiments.learning.tabular.scorers.linear import LinearScorer


class LagRidgeParameters(LagParameters):
    regularization: float = Field(
        10.0,
        ge=0.001,
        le=1e6,
        title="Regularization (L2)",
        description="Penalty on squared weights; higher is smoother.",
    )


def fit(
    data: TabularData, part: TablePart, parameters: LagRidgeParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Minimises sum weight (target - prediction)^2 + regularization ||weights||^2 in one closed form."""
    start = prepared(data, part, parameters, seed=seed, observer=observer)
    inner = ridge(start.samples, parameters.regularization, data.rare_below * parameters.draws)
    observer.log(f"{len(inner.weights)} weights from {len(start.samples):,} samples.")
    order = np.argsort(-np.abs(inner.weights))[:20]
    largest = [{"feature": inner.encoder.names[place], "weight": float(inner.weights[place])} for place in order]
    return fitted(data, parameters, start, inner, {"weights": largest})


def ridge(samples: Samples, regularization: float, rare_below: int = 0) -> LinearScorer:
    """Weighted ridge regression (Hoerl & Kennard 1970); the bias is not penalised."""
    encoder = Encoder.fit(samples.table, *columns_of(samples.table), rare_below=rare_below)
    matrix, target, weight = encoder.transform(samples.table), samples.target, samples.weight
    middle: Floats = weight @ matrix / weight.sum()
    mean = float(weight @ target / weight.sum())
    matrix -= middle
    gram = matrix.T @ (matrix * weight[:, None])
    gram[np.diag_indices_from(gram)] += regularization
    weights = np.asarray(np.linalg.solve(gram, matrix.T @ (weight * (target - mean))), dtype=np.float64)
    return LinearScorer(encoder, weights, float(mean - middle @ weights), "identity")


ARCHITECTURE = TabularArchitecture(
    key="lag_ridge",
    label="Lags, linear",
    summary="Ridge regression on past values, calendar and known prices or promotions: fast, steady, explainable.",
    family=Family.FORECASTING,
    parameters=LagRidgeParameters,
    fit=fit,
)
