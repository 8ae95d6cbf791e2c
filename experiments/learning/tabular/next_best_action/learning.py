"""What every architecture of this family starts from: training rows, the actions in them, and their base rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from experiments.learning.recommenders.base import Parameters
from experiments.learning.tabular.base import Floats, TablePart, TabularData, TabularFitted
from experiments.learning.tabular.columns import Texts
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.next_best_action.reading import actions, known_actions, outcomes, shares_of
from experiments.learning.tabular.scorers.action_linear import ActionLinearScorer
from experiments.learning.tabular.scorers.actions import KnownActions


class ActionParameters(Parameters):
    rare_below: int = Field(
        10,
        ge=0,
        le=100_000,
        title="Rare kinds",
        description="A kind with fewer training rows counts as unseen; 0 keeps every kind.",
    )


@dataclass(frozen=True)
class Rows:
    """Rows to learn from or to tune on: the table, what was done and what came of it."""

    frame: pd.DataFrame
    taken: Texts
    outcome: Floats

    @property
    def one_sided(self) -> bool:
        """All worked or none did: there is nothing to tell apart."""
        return len(np.unique(self.outcome)) < 2


def rows_of(data: TabularData, positions: Any) -> Rows:
    """Raises TableError for a missing or wrong action or outcome."""
    frame = data.frame.iloc[positions]
    return Rows(frame, actions(frame, data.roles), outcomes(frame, data.roles))


def known_of(data: TabularData, train: Rows) -> KnownActions:
    names = known_actions(train.taken, data.roles.control)
    return KnownActions(data.roles.action, names, shares_of(train.taken, names), data.roles.control)


def base_rate(outcome: Floats) -> float:
    """Share that worked, never 0 or 1: (k + 1/2) / (n + 1), the mean under Jeffreys' prior."""
    return (float(outcome.sum()) + 0.5) / (len(outcome) + 1)


def constant(data: TabularData, part: TablePart, note: str = "") -> TabularFitted:
    """One probability, whatever the row and the action."""
    train = rows_of(data, part.train)
    known, rate = known_of(data, train), base_rate(train.outcome)
    nothing = Encoder.fit(train.frame, (), ())
    count = len(known.names)
    biases = np.full(count, math.log(rate / (1 - rate)))
    scorer = ActionLinearScorer(nothing, known, np.empty((count, 0)), biases)
    details: dict[str, Any] = {"base_rate": rate, "actions": list(known.names)}
    return TabularFitted(scorer, details=details | ({"note": note} if note else {}))
