"""Errors of predicted demand, on the log scale and in pieces.

rmse_log    root of the mean of (ln(1 + predicted) - ln(1 + sold))^2: slow and fast sellers count alike
r2_log      1 - sum of those squares / sum (ln(1 + sold) - its mean)^2
mae, rmse   in pieces
"""

from __future__ import annotations

import numpy as np

from experiments.learning.tabular.base import Floats


def sums_of_rows(quantity: Floats, predicted: Floats) -> dict[str, Floats]:
    """What is summed, named as ``TabularEvaluation`` says; one number a row, shapes (n,)."""
    error = predicted - quantity
    logged = np.log1p(quantity)
    return {
        "rows": np.ones(len(quantity)),
        "absolute_error": np.abs(error),
        "squared_error": error**2,
        "squared_log_error": (np.log1p(np.maximum(predicted, 0.0)) - logged) ** 2,
        "log_actual": logged,
        "log_actual_squared": logged**2,
    }


def demand_metrics(rows: dict[str, Floats]) -> dict[str, float | None]:
    """Wire name to value over all rows; r2_log is None where every quantity is the same."""
    total = {name: float(values.sum()) for name, values in rows.items()}
    count = total["rows"]
    around_mean = float(((rows["log_actual"] - total["log_actual"] / count) ** 2).sum())
    return {
        "rmse_log": float(np.sqrt(total["squared_log_error"] / count)),
        "mae": total["absolute_error"] / count,
        "rmse": float(np.sqrt(total["squared_error"] / count)),
        "r2_log": 1 - total["squared_log_error"] / around_mean if around_mean > 0 else None,
    }
