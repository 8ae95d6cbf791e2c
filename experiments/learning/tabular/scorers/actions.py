"""What scorers of actions share: the actions they know, and what they say of one they do not.

A scorer of actions predicts P(outcome | features, action). An action that training never had is answered with the mean
over the known ones, weighted by how often each was taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.columns import texts


@runtime_checkable
class ActionScorer(Protocol):
    """A TableScorer that can also be asked what would follow from each action."""

    known: KnownActions

    def predict(self, frame: pd.DataFrame) -> Floats:
        """P(outcome) of each row under the row's own action, shape (rows,)."""

    def scores_of_actions(self, frame: pd.DataFrame) -> Floats:
        """P(outcome) under each of ``known.names``, shape (rows, actions); the argmax is the next best action."""

    def arrays(self) -> dict[str, NDArray[Any]]: ...

    def config(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class KnownActions:
    """``names`` are the actions of training (the control first, if it was one), ``shares`` how often each was taken."""

    column: str
    names: tuple[str, ...]
    shares: Floats
    control: str

    def __post_init__(self) -> None:
        require_shape("shares", self.shares, (len(self.names),))
        require_finite("shares", self.shares)
        if not self.names or len(set(self.names)) != len(self.names):
            raise ScorerError(f"actions are {', '.join(self.names) or 'none'}; accepted: one or more, each once.")

    def own(self, frame: pd.DataFrame, scores: Floats) -> Floats:
        """From scores of shape (rows, actions) those of the rows' own actions, shape (rows,)."""
        place = {name: number for number, name in enumerate(self.names)}
        taken = np.array([place.get(str(action), -1) for action in texts(frame, self.column)], dtype=np.int64)
        own = scores[np.arange(len(scores)), np.maximum(taken, 0)]
        return np.where(taken >= 0, own, scores @ self.shares)

    def best(self, scores: Floats) -> NDArray[np.int64]:
        """The place of the next best action of each row; among equal ones the first, so the control is kept."""
        return np.asarray(np.argmax(scores, axis=1), dtype=np.int64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"action_shares": self.shares}

    def config(self) -> dict[str, Any]:
        return {"column": self.column, "names": list(self.names), "control": self.control}

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> KnownActions:
        return cls(
            column=str(config["column"]),
            names=tuple(map(str, config["names"])),
            shares=np.asarray(arrays["action_shares"], dtype=np.float64),
            control=str(config["control"]),
        )
