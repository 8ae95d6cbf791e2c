"""Errors of forecasts (Hyndman & Koehler, Another look at measures of forecast accuracy, IJF 2006).

Row by row, so that any sum over rows - of a series, a week, everything - is a metric:

    MASE    mean of |forecast - actual| / scale, scale = the series' mean |y(t) - y(t - 7)| over what was known at the
            origin: 1 is as good as repeating the last week was within the past
    MAPE    100 x mean of |forecast - actual| / |actual|; days whose actual is 0 are left out and counted
    sMAPE   100 x mean of 2 |forecast - actual| / (|forecast| + |actual|), 0 where both are 0; between 0 and 200
    MAE, RMSE   in units of the target
    bias    mean of forecast - actual: above 0 forecasts too much
"""

from __future__ import annotations

import numpy as np

from experiments.learning.tabular.base import Floats, Rows
from experiments.learning.tabular.forecasting.history import Observations

SEASON = 7
"""Season of the scale and of the naive line, in days; fixed, so that figures of all models share one definition."""
_TWICE = 1 << 32
"""More than any day's number: series x _TWICE + day is one sorted key."""


def seasonal_scale(past: Observations, season: int = SEASON) -> Floats:
    """Mean |y(t) - y(t - season)| of each series over days of which both are known, shape (series,).

    NaN where there is no such pair or the mean is 0: such a series has no scaled error.
    """
    key = past.series * _TWICE + past.day
    order = np.argsort(key)
    key, target = key[order], past.target[order]
    at = np.searchsorted(key, key - season)
    found = key[np.minimum(at, len(key) - 1)] == key - season
    difference = np.abs(target[found] - target[at[found]])
    series = past.series[order][found]
    count = np.bincount(series, minlength=len(past.names))
    mean = np.bincount(series, difference, len(past.names)) / np.maximum(count, 1)
    return np.where((count > 0) & (mean > 0), mean, np.nan)


def errors_of(actual: Floats, forecast: Floats, scale: Floats) -> dict[str, Floats]:
    """What is summed: name to one number a row, NaN where a row does not count for it. Shapes (n,)."""
    error = forecast - actual
    size = np.abs(error)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(actual != 0, size / np.abs(actual), np.nan)
        both = np.abs(actual) + np.abs(forecast)
        symmetric = np.where(both > 0, 2 * size / both, 0.0)
    return {
        "scaled_error": size / scale,
        "percentage_error": relative,
        "symmetric_error": symmetric,
        "absolute_error": size,
        "squared_error": error**2,
        "error": error,
    }


OF_ERROR = {
    "mase": "scaled_error",
    "mape": "percentage_error",
    "smape": "symmetric_error",
    "mae": "absolute_error",
    "rmse": "squared_error",
    "bias": "error",
}
"""Wire name of a metric to what it is the mean of; RMSE is the root of that mean, MAPE and sMAPE are percent of it."""
_PERCENT = frozenset({"mape", "smape"})


def metric(name: str, errors: dict[str, Floats], rows: Rows | slice = slice(None)) -> float | None:
    """A metric over some rows; None where no row counts."""
    values = errors[OF_ERROR[name]][rows]
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    mean = float(values.mean())
    if name in _PERCENT:
        return 100 * mean
    return float(np.sqrt(mean)) if name == "rmse" else mean
