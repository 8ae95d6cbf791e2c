"""Learns how to turn a model's log-odds into probabilities that hold, from rows the model did not learn from."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.next_best_action.learning import base_rate
from experiments.learning.tabular.scorers.action_trees import Calibration

Method = Literal["platt", "isotonic", "none"]


def calibrate(raw: Floats, outcome: Floats, method: Method) -> Calibration:
    """The calibration of these log-odds, shape (n,), to these outcomes.

    platt: maximum likelihood with Platt's smoothed targets (n1 + 1) / (n1 + 2) and 1 / (n0 + 2), so that no probability
    is 0 or 1 (Platt 1999); a slope below 0 becomes 0, as the order must not turn round. isotonic: pool adjacent
    violators, kept within 1 / (n + 2) of 0 and 1. Rows of one outcome alone calibrate nothing: "none".
    """
    if method == "none" or len(np.unique(outcome)) < 2:
        return Calibration.none()
    return _platt(raw, outcome) if method == "platt" else _isotonic(raw, outcome)


def _platt(raw: Floats, outcome: Floats) -> Calibration:
    from scipy.optimize import minimize

    worked = float(outcome.sum())
    failed = len(outcome) - worked
    target = np.where(outcome == 1, (worked + 1) / (worked + 2), 1 / (failed + 2))

    def loss(point: Floats) -> tuple[float, Floats]:
        odds = point[0] * raw + point[1]
        error = 1 / (1 + np.exp(-np.clip(odds, -700, 700))) - target
        total = float((np.logaddexp(0, odds) - target * odds).mean())
        return total, np.array([float((error * raw).mean()), float(error.mean())])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS", options={"gtol": 1e-10})
    slope, intercept = map(float, found.x)
    if not slope > 0 or not math.isfinite(intercept):
        rate = base_rate(outcome)
        slope, intercept = 0.0, math.log(rate / (1 - rate))
    return Calibration("platt", np.array([slope, intercept]), np.empty(0))


def _isotonic(raw: Floats, outcome: Floats) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    edge = 1 / (len(outcome) + 2)
    fitted = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(raw, outcome)
    points, first = np.unique(np.asarray(fitted.X_thresholds_, dtype=np.float64), return_index=True)
    levels = np.maximum.accumulate(np.asarray(fitted.y_thresholds_, dtype=np.float64)[first])
    return Calibration("isotonic", points, levels)
