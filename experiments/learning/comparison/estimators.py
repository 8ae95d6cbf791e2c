"""How a metric of a whole run follows from per-user columns: always a smooth function of their sums (decision D2).

Because it is one, a resample of users is a vector of weights, and all runs' statistics in all resamples are one matrix
product (see ``resampling``). Sums stand in the order of ``Estimator.columns``, with the number of users last.

    means           value = sum x / users
    F1@k            value = 2 P R / (P + R),  P and R the means of precision and recall
    RMSE            value = sqrt(sum squared_error / sum ratings)
    MAE             value = sum absolute_error / sum ratings

Those of models on tables stand in ``table_estimators``.
"""

from __future__ import annotations

import re

import numpy as np

from experiments.learning.comparison.estimator import Estimator
from experiments.learning.comparison.table_estimators import TABLE_ESTIMATORS
from experiments.learning.metrics.arrays import Floats
from experiments.learning.metrics.f1 import f1_each

__all__ = ["Estimator", "estimator_for"]

MEANS = frozenset({"precision", "recall", "ndcg", "map", "mrr", "hit_rate", "novelty", "diversity", "popularity_bias"})
LOWER_IS_BETTER = frozenset({"popularity_bias", "rmse", "mae"})
RANKING = frozenset({"rated", "catalogue"})
_AT_K = re.compile(r"^(?P<base>[a-z0-9_]+)_at_(?P<k>[1-9][0-9]*)$")


def estimator_for(protocol: str, name: str) -> Estimator | None:
    """The estimator of a metric; None where it is no function of per-user results (coverage, for one)."""
    if protocol == "pointwise":
        return _ERRORS.get(name)
    if protocol in TABLE_ESTIMATORS:
        return TABLE_ESTIMATORS[protocol].get(name)
    match = _AT_K.match(name)
    if protocol not in RANKING or match is None:
        return None
    base, k = match["base"], match["k"]
    if base == "f1":
        return Estimator(name, (f"precision_at_{k}", f"recall_at_{k}"), f1_of_means)
    if base in MEANS:
        return Estimator(name, (name,), mean, higher_is_better=base not in LOWER_IS_BETTER)
    return None


def mean(sums: Floats) -> Floats:
    """First sum per user, shape (..., 2) to (...)."""
    return np.asarray(sums[..., 0] / sums[..., 1], dtype=np.float64)


def f1_of_means(sums: Floats) -> Floats:
    """F1 of mean precision and mean recall, shape (..., 3) to (...); 0 where both are 0."""
    return f1_each(sums[..., 0] / sums[..., 2], sums[..., 1] / sums[..., 2])


def mean_error(sums: Floats) -> Floats:
    """Error per rating, shape (..., 3) to (...)."""
    return np.asarray(sums[..., 0] / sums[..., 1], dtype=np.float64)


def root_mean_error(sums: Floats) -> Floats:
    """Root of the squared error per rating, shape (..., 3) to (...)."""
    return np.sqrt(mean_error(sums))


_ERRORS = {
    "rmse": Estimator("rmse", ("squared_error", "ratings"), root_mean_error, higher_is_better=False, per=1),
    "mae": Estimator("mae", ("absolute_error", "ratings"), mean_error, higher_is_better=False, per=1),
}
