"""A table's columns as a matrix of numbers, learnt from training rows and applied alike to any other rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.columns import numbers, texts

MOST_CATEGORIES = 200
"""Categories kept of one column, the most frequent ones; all others share the column of unseen ones."""
LONGEST_CATEGORY = 200
"""Characters; a longer text is no category and counts as unseen."""
Missing = Literal["mean", "keep"]


@dataclass(frozen=True)
class Encoder:
    """Numbers standardised by the training rows, then categories one-hot.

    A number that is missing takes the training mean, with an indicator column where training rows missed some too
    (``missing="mean"``, for linear models), or stays NaN (``"keep"``, for trees). Each category column ends in one for
    whatever training did not have or had too rarely; a missing category is a category like any other.

    Attributes:
        numeric: names, in order; ``means`` and ``scales`` (1 where a column does not vary, infinite where training had
            no number at all, so that it says nothing later either) have their shape.
        indicators: those of them with an indicator column.
        categories: (column, kept categories in order of text) for each categorical column.
    """

    numeric: tuple[str, ...]
    indicators: tuple[str, ...]
    means: Floats
    scales: Floats
    categories: tuple[tuple[str, tuple[str, ...]], ...]
    missing: Missing = "mean"

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        numeric: Sequence[str],
        categorical: Sequence[str],
        *,
        rare_below: int = 0,
        missing: Missing = "mean",
    ) -> Encoder:
        """From training rows. Categories with fewer than ``rare_below`` rows count as unseen.

        Raises TableError naming a missing column, or a value that is no number.
        """
        columns = [numbers(frame, name) for name in numeric]
        return cls(
            numeric=tuple(numeric),
            indicators=tuple(
                name
                for name, column in zip(numeric, columns, strict=True)
                if missing == "mean" and np.isnan(column).any()
            ),
            means=np.array([_mean(column) for column in columns], dtype=np.float64),
            scales=np.array([_scale(column) for column in columns], dtype=np.float64),
            categories=tuple((name, _kept(texts(frame, name), rare_below)) for name in categorical),
            missing=missing,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What each column of the matrix is: "income", "income (missing)", "kind = park", "kind = (other)"."""
        kinds = [f"{name} = {kind or '(missing)'}" for name, kept in self.categories for kind in (*kept, "(other)")]
        return (*self.numeric, *(f"{name} (missing)" for name in self.indicators), *kinds)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that are read."""
        return (*self.numeric, *(name for name, _ in self.categories))

    def sources(self) -> tuple[str, ...]:
        """The table's column behind each column of the matrix."""
        kinds = [name for name, kept in self.categories for _ in range(len(kept) + 1)]
        return (*self.numeric, *self.indicators, *kinds)

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Matrix of shape (rows, len(names)). Raises TableError naming a missing column or a wrong value."""
        values = {name: numbers(frame, name) for name in self.numeric}
        parts = [self._standardised(values[name], place) for place, name in enumerate(self.numeric)]
        parts += [np.isnan(values[name]).astype(np.float64) for name in self.indicators]
        matrix = np.empty((len(frame), len(self.names)), dtype=np.float64)
        for place, part in enumerate(parts):
            matrix[:, place] = part
        start = len(parts)
        for name, kept in self.categories:
            end = start + len(kept) + 1
            matrix[:, start:end] = _one_hot(texts(frame, name), kept)
            start = end
        return matrix

    def _standardised(self, values: Floats, place: int) -> Floats:
        scaled = (values - self.means[place]) / self.scales[place]
        fills = self.missing == "mean" or np.isinf(self.scales[place])
        return np.where(np.isnan(values), 0.0, scaled) if fills else scaled

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"encoder_means": self.means, "encoder_scales": self.scales}

    def config(self) -> dict[str, Any]:
        return {
            "numeric": list(self.numeric),
            "indicators": list(self.indicators),
            "categories": [[name, list(kept)] for name, kept in self.categories],
            "missing": self.missing,
        }

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Encoder:
        """From ``arrays()`` and ``config()``, also among those of a scorer. Raises ScorerError, or KeyError."""
        numeric = tuple(map(str, config["numeric"]))
        indicators = tuple(map(str, config["indicators"]))
        if config["missing"] not in ("mean", "keep"):
            raise ScorerError(f"missing is {config['missing']!r}; accepted: mean, keep.")
        if not set(indicators) <= set(numeric):
            raise ScorerError(f"indicators are {', '.join(indicators)}; accepted: some of {', '.join(numeric)}.")
        means, scales = arrays["encoder_means"], arrays["encoder_scales"]
        for name, array in (("encoder_means", means), ("encoder_scales", scales)):
            require_shape(name, array, (len(numeric),))
        require_finite("encoder_means", means)
        if not (scales > 0).all():
            raise ScorerError("encoder_scales holds NaN or a number not above 0; accepted: numbers above 0.")
        return cls(
            numeric=numeric,
            indicators=indicators,
            means=np.asarray(means, dtype=np.float64),
            scales=np.asarray(scales, dtype=np.float64),
            categories=tuple((str(name), tuple(map(str, kept))) for name, kept in config["categories"]),
            missing=config["missing"],
        )


def learnable(matrix: Floats) -> Floats:
    """The same matrix, columns without any number as zeros: scikit-learn's trees (1.9) fail on them.

    For whoever fits on some of the rows that an encoder was fitted on, (rows, columns) to the same shape.
    """
    silent = np.isnan(matrix).all(axis=0)
    return np.where(silent, 0.0, matrix) if silent.any() else matrix


def _mean(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else 0.0


def _scale(column: Floats) -> float:
    known = column[~np.isnan(column)]
    if not len(known):
        return float("inf")
    deviation = float(known.std())
    # A constant column has a deviation of rounding alone.
    return deviation if deviation > 1e-12 * max(1e-12, float(np.abs(known).max(initial=0.0))) else 1.0


def _kept(values: NDArray[Any], rare_below: int) -> tuple[str, ...]:
    kinds, counts = np.unique(values, return_counts=True)
    short = np.array([len(kind) <= LONGEST_CATEGORY for kind in kinds], dtype=bool)
    frequent = np.flatnonzero((counts >= max(rare_below, 1)) & short)
    most = frequent[np.argsort(-counts[frequent], kind="stable")][:MOST_CATEGORIES]
    return tuple(str(kinds[place]) for place in np.sort(most))


def _one_hot(values: NDArray[Any], kept: tuple[str, ...]) -> Floats:
    place = {kind: number for number, kind in enumerate(kept)}
    codes, kinds = pd.factorize(values)
    column = np.array([place.get(str(kind), len(kept)) for kind in kinds], dtype=np.int64)
    hot = np.zeros((len(values), len(kept) + 1))
    hot[np.arange(len(values)), column[codes]] = 1.0
    return hot
