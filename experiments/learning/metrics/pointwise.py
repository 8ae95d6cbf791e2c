"""The pointwise protocol: how far predicted ratings are from the ratings of the test part, all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.mae import absolute_errors, mae
from experiments.learning.metrics.result import MetricResult
from experiments.learning.metrics.rmse import rmse, squared_errors
from experiments.learning.recommenders.base import Fold


@dataclass(frozen=True)
class Pointwise:
    """Test ratings with the model's predictions and those of the item's mean, all clipped to the scale, shape (n,)."""

    user: NDArray[np.int64]
    item: NDArray[np.int64]
    actual: Floats
    predicted: Floats
    item_mean: Floats | None

    @classmethod
    def of(cls, train: Fold, test: Fold, prediction: Floats, num_items: int, scale: tuple[float, float]) -> Pointwise:
        return cls(
            user=test.user.astype(np.int64),
            item=test.item.astype(np.int64),
            actual=test.value.astype(np.float64),
            predicted=np.clip(prediction, *scale),
            item_mean=item_means(train, num_items)[test.item] if len(train) else None,
        )

    def metrics(self, context: Context) -> list[MetricResult]:
        """RMSE and MAE over all test ratings, and RMSE of each segment."""
        everybody = np.ones(len(self.actual), np.bool_)
        results = [self._error("rmse", "all", everybody), self._error("mae", "all", everybody)]
        for segment, members in context.users_of.items():
            results.append(self._error("rmse", segment, members[self.user]))
        for segment, members in context.items_of.items():
            results.append(self._error("rmse", segment, members[self.item]))
        return results

    def per_user(self) -> pd.DataFrame:
        """Sums of errors of each test user: what a bootstrap over users adds up again."""
        frame = pd.DataFrame(
            {
                "user": self.user,
                "ratings": np.ones(len(self.user)),
                "squared_error": squared_errors(self.predicted, self.actual),
                "absolute_error": absolute_errors(self.predicted, self.actual),
            }
        )
        return frame.groupby("user", sort=True, as_index=False).sum()

    def _error(self, name: str, segment: str, rows: Bools) -> MetricResult:
        error = rmse if name == "rmse" else mae
        some = bool(rows.any())
        means = self.item_mean
        return MetricResult(
            name=name,
            protocol="pointwise",
            value=error(self.predicted[rows], self.actual[rows]) if some else None,
            segment=segment,
            higher_is_better=False,
            users_counted=len(np.unique(self.user[rows])),
            popularity=error(means[rows], self.actual[rows]) if some and means is not None else None,
            oracle=0.0 if some else None,
        )


def item_means(train: Fold, num_items: int) -> Floats:
    """Mean training rating of each item, the mean of all ratings where an item has none, shape (num_items,)."""
    counts = np.bincount(train.item, minlength=num_items)
    sums = np.bincount(train.item, train.value.astype(np.float64), num_items)
    return np.where(counts > 0, sums / np.maximum(counts, 1), train.value.mean(dtype=np.float64))
