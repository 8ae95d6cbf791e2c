"""Boosted trees over features and action, with a calibration on top, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.columns import texts
from experiments.learning.tabular.scorers.actions import KnownActions
from experiments.learning.tabular.scorers.links import predicted
from experiments.learning.tabular.scorers.trees import TreesScorer


@dataclass(frozen=True)
class Calibration:
    """From the trees' log-odds to probabilities, learnt from rows that the trees did not learn from.

    platt: 1 / (1 + exp(-(slope x + intercept))), ``points`` = [slope, intercept] (Platt 1999). isotonic: the
    non-decreasing step function through ``points`` (log-odds) and ``levels`` (probabilities), straight in between and
    level beyond the ends (Zadrozny and Elkan, KDD 2002). none: the trees' own probability.
    """

    method: str
    points: Floats
    levels: Floats

    def __post_init__(self) -> None:
        require_finite("calibration_points", self.points)
        require_finite("calibration_levels", self.levels)
        if self.method == "platt":
            require_shape("calibration_points", self.points, (2,))
        elif self.method == "isotonic":
            require_shape("calibration_levels", self.levels, (len(self.points),))
            if not len(self.points) or (np.diff(self.points) <= 0).any() or (np.diff(self.levels) < 0).any():
                raise ScorerError("isotonic calibration does not rise; accepted: ascending points and levels.")
        elif self.method != "none":
            raise ScorerError(f"calibration is {self.method!r}; accepted: platt, isotonic, none.")

    @classmethod
    def none(cls) -> Calibration:
        return cls("none", np.empty(0), np.empty(0))

    def __call__(self, raw: Floats) -> Floats:
        """Probabilities of log-odds of any shape."""
        if self.method == "platt":
            return predicted(self.points[0] * raw + self.points[1], "logit")
        if self.method == "isotonic":
            return np.asarray(np.interp(raw, self.points, self.levels), dtype=np.float64)
        return predicted(raw, "logit")


@dataclass(frozen=True)
class ActionTreesScorer:
    """P(outcome | x, a) = calibration(raw sum of the trees); the action is one of the trees' categorical columns."""

    KIND = "action_trees"

    trees: TreesScorer
    known: KnownActions
    calibration: Calibration

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Raises TableError naming a missing column or a wrong value."""
        own = self.calibration(self.trees.raw(self.trees.encoder.transform(frame)))
        unseen = ~np.isin(texts(frame, self.known.column), self.known.names)
        if unseen.any():
            own[unseen] = self.scores_of_actions(frame[unseen]) @ self.known.shares
        return own

    def scores_of_actions(self, frame: pd.DataFrame) -> Floats:
        """P(outcome) under each known action, shape (rows, actions)."""
        scores = np.empty((len(frame), len(self.known.names)))
        for place, action in enumerate(self.known.names):
            matrix = self.trees.encoder.transform(frame.assign(**{self.known.column: action}))
            scores[:, place] = self.calibration(self.trees.raw(matrix))
        return scores

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **self.trees.arrays(),
            **self.known.arrays(),
            "calibration_points": self.calibration.points,
            "calibration_levels": self.calibration.levels,
        }

    def config(self) -> dict[str, Any]:
        return {
            "kind": self.KIND,
            "trees": self.trees.config(),
            "actions": self.known.config(),
            "calibration": self.calibration.method,
        }

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> ActionTreesScorer:
        """Raises ScorerError, or KeyError for what is missing."""
        points, levels = (np.asarray(arrays[f"calibration_{name}"], dtype=np.float64) for name in ("points", "levels"))
        return cls(
            trees=TreesScorer.load(arrays, config["trees"]),
            known=KnownActions.rebuild(arrays, config["actions"]),
            calibration=Calibration(str(config["calibration"]), points, levels),
        )
