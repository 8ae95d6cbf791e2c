"""Metrics of models on tables as functions of sums over units: series, products, customers or places.

Columns are those of ``learning.tabular.base.TabularEvaluation.per_unit``; ``rows`` counts a unit's test rows.

    mean error      value = sum of errors / sum of rows                 mae, smape, log_loss, brier, mase (scaled)
    root            value = sqrt(sum of squared errors / sum of rows)   rmse, rmse_log
    r2              value = 1 - sum e^2 / (sum y^2 - (sum y)^2 / sum of rows)

What is no function of sums has no verdict: bias (neither direction is better), AUC, lift, uplift, ranks, elasticities.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from experiments.learning.comparison.estimator import Estimator
from experiments.learning.metrics.arrays import Floats
from experiments.learning.metrics.chance import share

ROWS = "rows"


def mean_of_rows(sums: Floats) -> Floats:
    """First sum per row, shape (..., 3) to (...); 0 where there is no row."""
    return share(sums[..., 0], sums[..., 1])


def root_of_rows(sums: Floats) -> Floats:
    """Root of the first sum per row, shape (..., 3) to (...)."""
    return np.sqrt(mean_of_rows(sums))


def percent_of_rows(sums: Floats) -> Floats:
    return 100 * mean_of_rows(sums)


def determination(sums: Floats) -> Floats:
    """R^2 from sums of e^2, y, y^2 and rows, shape (..., 5) to (...); 0 where y is constant."""
    error, actual, squared, rows = (sums[..., place] for place in range(4))
    spread = squared - share(np.square(actual), rows)
    return np.asarray(np.where(spread > 0, 1 - share(error, np.maximum(spread, 0)), 0.0), dtype=np.float64)


def _mean(name: str, column: str, rows: str = ROWS) -> Estimator:
    return Estimator(name, (column, rows), mean_of_rows, higher_is_better=False, per=1)


def _root(name: str, column: str) -> Estimator:
    return Estimator(name, (column, ROWS), root_of_rows, higher_is_better=False, per=1)


def _percent(name: str, column: str, rows: str = ROWS) -> Estimator:
    return Estimator(name, (column, rows), percent_of_rows, higher_is_better=False, per=1)


def _r2(name: str, error: str, actual: str, squared: str) -> Estimator:
    return Estimator(name, (error, actual, squared, ROWS), determination, per=3)


def _by_name(*estimators: Estimator) -> dict[str, Estimator]:
    return {estimator.name: estimator for estimator in estimators}


_MAE, _RMSE = _mean("mae", "absolute_error"), _root("rmse", "squared_error")

TABLE_ESTIMATORS: Mapping[str, Mapping[str, Estimator]] = {
    "forecast": _by_name(
        _mean("mase", "scaled_error"),
        _MAE,
        _RMSE,
        _percent("mape", "percentage_error", "percentage_rows"),
        _percent("smape", "symmetric_error"),
    ),
    "demand": _by_name(
        _root("rmse_log", "squared_log_error"),
        _MAE,
        _RMSE,
        _r2("r2_log", "squared_log_error", "log_actual", "log_actual_squared"),
    ),
    "action": _by_name(
        _mean("log_loss", "cross_entropy"),
        _mean("brier", "squared_error"),
    ),
    "spatial": _by_name(_RMSE, _MAE, _r2("r2", "squared_error", "actual", "actual_squared")),
}
"""Protocol to its metrics that have a verdict, the headline first."""
