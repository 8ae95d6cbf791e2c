"""A weighted sum of encoded columns for each action, as a probability. Without columns: one rate an action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.actions import KnownActions
from experiments.learning.tabular.scorers.links import predicted


@dataclass(frozen=True)
class ActionLinearScorer:
    """P(outcome | x, a) = 1 / (1 + exp(-(x . weights[a] + biases[a]))).

    ``weights`` has shape (actions, len(encoder.names)), ``biases`` (actions,).
    """

    KIND = "action_linear"

    encoder: Encoder
    known: KnownActions
    weights: Floats
    biases: Floats

    def __post_init__(self) -> None:
        actions = len(self.known.names)
        require_shape("weights", self.weights, (actions, len(self.encoder.names)))
        require_shape("biases", self.biases, (actions,))
        require_finite("weights", self.weights)
        require_finite("biases", self.biases)

    def predict(self, frame: pd.DataFrame) -> Floats:
        """Raises TableError naming a missing column or a wrong value."""
        return self.known.own(frame, self.scores_of_actions(frame))

    def scores_of_actions(self, frame: pd.DataFrame) -> Floats:
        """P(outcome) under each known action, shape (rows, actions)."""
        return predicted(self.encoder.transform(frame) @ self.weights.T + self.biases, "logit")

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            **self.encoder.arrays(),
            **self.known.arrays(),
            "weights": np.ascontiguousarray(self.weights),
            "biases": self.biases,
        }

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "encoder": self.encoder.config(), "actions": self.known.config()}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> ActionLinearScorer:
        """Raises ScorerError, or KeyError for what is missing."""
        return cls(
            encoder=Encoder.rebuild(arrays, config["encoder"]),
            known=KnownActions.rebuild(arrays, config["actions"]),
            weights=np.asarray(arrays["weights"], dtype=np.float64),
            biases=np.asarray(arrays["biases"], dtype=np.float64),
        )
