"""Answers of one loaded model on tables, row by row, in the words of its family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.learning.tabular.base import Floats, TableError
from experiments.learning.tabular.scorers.actions import ActionScorer
from mlopspro.serving.problems import CannotAnswer, Problem
from mlopspro.serving.table_inputs import Row
from mlopspro.serving.versions import TablePredictor

WORKED, DID_NOT = "1", "0"
"""Labels of next best action: whether the action is expected to work, as the outcome column writes it."""


@dataclass(frozen=True)
class RowAnswer:
    """``value``: the number: a forecast, a demand, a score of a place, or of next best action the probability.

    Of classifiers also ``label`` with ``confidence``, its probability, and of next best action ``action``: the row's
    own, or the best one where the row names none; ``actions``: the probability of success under each.
    """

    value: float
    label: str = ""
    confidence: float | None = None
    action: str = ""
    actions: dict[str, float] = field(default_factory=dict)


def answers_of(model: TablePredictor, rows: Sequence[Row]) -> list[RowAnswer]:
    """One answer a row. Raises CannotAnswer for what the model cannot work with, naming column, row and value."""
    frame = model.inputs.checked(rows)
    try:
        if isinstance(model.scorer, ActionScorer):
            return _actions(model.scorer, frame, [str(row.get(model.inputs.action) or "") for row in rows])
        values = model.scorer.predict(frame)
    except TableError as error:
        raise CannotAnswer([Problem("rows", str(error))]) from error
    return [RowAnswer(_finite(value)) for value in values.tolist()]


def _actions(scorer: ActionScorer, frame: object, asked: Sequence[str]) -> list[RowAnswer]:
    scores: Floats = scorer.scores_of_actions(frame)  # type: ignore[arg-type]
    best = scorer.known.best(scores)
    own = scorer.predict(frame) if any(asked) else np.full(len(scores), np.nan)  # type: ignore[arg-type]
    made = []
    for at, action in enumerate(asked):
        chosen = action or scorer.known.names[best[at]]
        probability = _finite(float(own[at]) if action else float(scores[at, best[at]]))
        label = WORKED if probability >= 0.5 else DID_NOT
        actions = dict(zip(scorer.known.names, scores[at].tolist(), strict=True))
        made.append(RowAnswer(probability, label, max(probability, 1 - probability), chosen, actions))
    return made


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise CannotAnswer(
            [Problem("rows", "lead to a number that is not finite; accepted: values nearer to usual ones")]
        )
    return value
