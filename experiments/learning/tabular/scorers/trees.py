"""Boosted trees as plain arrays, walked by NumPy: all trees of many rows at a time, one level a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.links import Link, predicted, require_link

_CELLS = 1_000_000
"""(row, tree) pairs that are walked at a time."""
_LINK_OF_LOSS: Mapping[str, tuple[Link, ...]] = {
    "poisson": ("log",),
    "gamma": ("log",),
    "log_loss": ("logit",),
}
"""Losses whose trees add up to another thing than the target; others take any link, such as a target in logarithms."""
_ARRAYS = ("roots", "feature", "threshold", "missing_left", "left", "right", "value")


@dataclass(frozen=True)
class TreesScorer:
    """raw prediction = baseline + the value of the leaf that each tree leads the row to.

    Nodes of all trees stand one after the other, and a leaf's branches lead to itself, so that a walk of ``depth``
    steps ends in a leaf whatever the tree. A row goes left where its number is at most the node's threshold, and where
    it is missing if ``missing_left`` says so (the direction that training found better).

    Attributes:
        roots: position of each tree's first node, shape (trees,).
        feature, threshold, missing_left, left, right, value: one entry a node.
        depth: most steps from a root to a leaf.
    """

    KIND = "table_trees"

    encoder: Encoder
    baseline: float
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Floats
    missing_left: NDArray[np.uint8]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    depth: int
    link: Link = "identity"

    @classmethod
    def export(cls, estimator: Any, encoder: Encoder, link: Link, *, iterations: int | None = None) -> TreesScorer:
        """From a fitted HistGradientBoostingRegressor, or HistGradientBoostingClassifier of two classes.

        The classifier's prediction is the probability of its second class. Predictions agree with scikit-learn's to
        1e-9. ``iterations`` keeps the first trees alone, as ``staged_predict`` does.

        Raises ScorerError for another estimator, more classes, categorical splits, or a link that does not go
        with the loss.
        """
        trees = [each for iteration in _predictors(estimator) for each in iteration][:iterations]
        accepted = _LINK_OF_LOSS.get(str(estimator.loss), ("identity", "log", "logit"))
        if link not in accepted:
            raise ScorerError(f"link is {link!r} and the loss {estimator.loss}; accepted: {', '.join(accepted)}.")
        nodes = [tree.nodes for tree in trees]
        if any(each["is_categorical"].any() for each in nodes):
            raise ScorerError("The trees split by categories; accepted: numeric features.")
        sizes = np.array([len(each) for each in nodes], dtype=np.int64)
        roots = np.cumsum(sizes) - sizes
        joined = np.concatenate(nodes) if nodes else None
        if joined is None:
            raise ScorerError("The estimator has no trees; accepted: one or more.")
        offset, itself = np.repeat(roots, sizes), np.arange(len(joined))
        leaf = joined["is_leaf"].astype(bool)
        return cls(
            encoder=encoder,
            baseline=float(np.asarray(estimator._baseline_prediction).reshape(-1)[0]),
            roots=roots.astype(np.int32),
            feature=np.where(leaf, 0, joined["feature_idx"]).astype(np.int32),
            threshold=np.where(leaf, 0.0, joined["num_threshold"]).astype(np.float64),
            missing_left=joined["missing_go_to_left"].astype(np.uint8),
            left=np.where(leaf, itself, joined["left"] + offset).astype(np.int32),
            right=np.where(leaf, itself, joined["right"] + offset).astype(np.int32),
            value=joined["value"].astype(np.float64),
            depth=int(joined["depth"].max()),
            link=link,
        )

    def __post_init__(self) -> None:
        require_link(self.link)
        nodes = len(self.value)
        for name in ("feature", "threshold", "missing_left", "left", "right", "value"):
            require_shape(name, getattr(self, name), (nodes,))
        require_shape("roots", self.roots, (None,))
        require_finite("value", self.value)
        if np.isnan(self.threshold).any() or not np.isfinite(self.baseline):
            raise ScorerError("threshold or baseline holds NaN; accepted: numbers.")
        for name, limit in (("roots", nodes), ("left", nodes), ("right", nodes), ("feature", len(self.encoder.names))):
            places = getattr(self, name)
            if len(places) and (places.min() < 0 or places.max() >= max(limit, 1)):
                raise ScorerError(f"{name} points outside; accepted: 0 to {limit - 1}.")
        if not 0 <= self.depth <= nodes:
            raise ScorerError(f"depth is {self.depth}; accepted: 0 to {nodes}.")

    def predict(self, frame: pd.DataFrame) -> Floats:
        """One finite number a row. Raises TableError naming a missing column or a wrong value."""
        return predicted(self.raw(self.encoder.transform(frame)), self.link)

    def raw(self, matrix: Floats) -> Floats:
        """Sums of leaves of encoded rows, shape (rows, features) to (rows,); before the link."""
        if not matrix.shape[1]:  # trees without features are single leaves
            matrix = np.zeros((len(matrix), 1))
        step = max(1, _CELLS // max(len(self.roots), 1))
        parts = [self._walk(matrix[start : start + step]) for start in range(0, len(matrix), step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _walk(self, matrix: Floats) -> Floats:
        node = np.broadcast_to(self.roots, (len(matrix), len(self.roots))).copy()
        row = np.arange(len(matrix))[:, None]
        missing_left = self.missing_left.astype(bool)
        for _ in range(self.depth):
            number = matrix[row, self.feature[node]]
            goes_left = (number <= self.threshold[node]) | (np.isnan(number) & missing_left[node])
            node = np.where(goes_left, self.left[node], self.right[node])
        return np.asarray(self.baseline + self.value[node].sum(axis=1), dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **self.encoder.arrays(),
            **{name: getattr(self, name) for name in _ARRAYS},
            "baseline": np.array([self.baseline], dtype=np.float64),
        }

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "link": self.link, "depth": self.depth, "encoder": self.encoder.config()}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> TreesScorer:
        """Raises ScorerError, or KeyError for what is missing."""
        require_shape("baseline", arrays["baseline"], (1,))
        return cls(
            encoder=Encoder.rebuild(arrays, config["encoder"]),
            baseline=float(arrays["baseline"][0]),
            depth=int(config["depth"]),
            link=require_link(config["link"]),
            **{name: arrays[name] for name in _ARRAYS},
        )


def _predictors(estimator: Any) -> list[list[Any]]:
    """The trees of each iteration; private to scikit-learn, so held to its answers by tests."""
    found = getattr(estimator, "_predictors", None)
    if found is None:
        raise ScorerError(f"{type(estimator).__name__} has no boosted trees; accepted: a fitted HistGradientBoosting….")
    if any(len(iteration) != 1 for iteration in found):
        raise ScorerError("The classifier has more than two classes; accepted: two.")
    return list(found)
