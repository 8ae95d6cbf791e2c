"""Numbers of a row against the average of its own group, so that groups of any size are learnt from at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import require_shape
from experiments.learning.tabular.base import Floats, Rows
from experiments.learning.tabular.columns import numbers


@dataclass(frozen=True)
class Changes:
    """ln(x / mean of the group) where a column is above zero throughout, else x - mean of the group.

    Attributes:
        columns: names of the numeric columns, k of them.
        means: shape (groups + 1, k); the last row, of all groups, stands for a group that was never seen.
        as_ratio: which columns are ratios, shape (k,).
    """

    columns: tuple[str, ...]
    means: Floats
    as_ratio: NDArray[np.bool_]

    @classmethod
    def fit(cls, frame: pd.DataFrame, columns: Sequence[str], group: Rows, groups: int) -> Changes:
        """``group``: code of each row below ``groups``, shape (n,). Raises TableError for what is no number."""
        means = np.zeros((groups + 1, len(columns)))
        as_ratio = np.zeros(len(columns), dtype=np.bool_)
        for position, name in enumerate(columns):
            values = numbers(frame, name)
            known = ~np.isnan(values)
            as_ratio[position] = bool(known.any() and values[known].min() > 0)
            means[:, position] = _means(values[known], group[known], groups)
        return cls(tuple(columns), means, as_ratio)

    def of(self, frame: pd.DataFrame, group: Rows) -> dict[str, Floats]:
        """Column name to its change, each of shape (n,); NaN where it is missing or a ratio's number is not above 0."""
        found = {}
        for position, name in enumerate(self.columns):
            values, means = numbers(frame, name), self.means[group, position]
            if self.as_ratio[position]:
                with np.errstate(divide="ignore", invalid="ignore"):
                    found[name] = np.where(values > 0, np.log(values / means), np.nan)
            else:
                found[name] = values - means
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"change_means": self.means, "change_as_ratio": self.as_ratio.astype(np.uint8)}

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]], columns: Sequence[str]) -> Changes:
        """Raises ScorerError for arrays that do not fit together, KeyError for one that is missing."""
        require_shape("change_means", arrays["change_means"], (None, len(columns)))
        require_shape("change_as_ratio", arrays["change_as_ratio"], (len(columns),))
        return cls(tuple(columns), arrays["change_means"], arrays["change_as_ratio"].astype(np.bool_))


def _means(values: Floats, group: Rows, groups: int) -> Floats:
    """Mean of each group and of all, shape (groups + 1,); groups without a number take the mean of all."""
    overall = float(values.mean()) if len(values) else 0.0
    counts = np.bincount(group, minlength=groups)
    sums = np.bincount(group, values, groups)
    return np.append(np.where(counts > 0, sums / np.maximum(counts, 1), overall), overall)
