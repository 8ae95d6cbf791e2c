"""How well the outcome of each action was foreseen on rows that training never saw (protocol *action*).

Figures, their formulas and what uplift needs: ``figures``, ``uplift`` and ``policy``. Naive is the base rate of the
training rows, for every row and every action. Rows of several folds are pooled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.metrics.result import MetricResult
from experiments.learning.tabular.base import (
    Floats,
    Rows,
    TableError,
    TablePart,
    TableSplit,
    TabularData,
    TabularEvaluation,
    TabularFitted,
)
from experiments.learning.tabular.columns import Texts, texts
from experiments.learning.tabular.importance import permutation_importance
from experiments.learning.tabular.next_best_action.figures import PERCENTS, figures, log_losses
from experiments.learning.tabular.next_best_action.learning import base_rate
from experiments.learning.tabular.next_best_action.reading import actions, outcomes
from experiments.learning.tabular.next_best_action.report import Judged, details
from experiments.learning.tabular.next_best_action.uplift import predicted_uplift, uplift_at
from experiments.learning.tabular.scorers.actions import ActionScorer

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "calibration_error"})
RANDOMISED = "needs actions that were drawn at random, whatever the customer"


@dataclass(frozen=True)
class Tested:
    """Test rows of all folds, parallel arrays; ``uplift`` is NaN in folds where none can be predicted."""

    rows: Rows
    taken: Texts
    outcome: Floats
    predicted: Floats
    naive: Floats
    uplift: Floats

    def figures(self, control: str) -> tuple[dict[str, float | None], dict[str, float | None]]:
        """Of the model and of the base rate."""
        treated = self.taken != control
        constant = np.zeros(len(self.rows))
        found = []
        for probability, score in ((self.predicted, self.uplift), (self.naive, constant)):
            known = bool(len(score)) and not np.isnan(score).any()
            found.append(
                figures(probability, self.outcome)
                | {
                    f"uplift_at_{percent}": uplift_at(score, treated, self.outcome, percent) if known else None
                    for percent in PERCENTS
                }
            )
        return found[0], found[1]


def evaluate(
    fitted: list[TabularFitted], data: TabularData, parts: list[TablePart], split: TableSplit
) -> TabularEvaluation:
    """One model a part, judged on that part's test rows.

    Raises TableError for a missing column, an outcome that is not 0 or 1, a missing action, or another family's model.
    """
    judged = [_judge(model, data, part) for model, part in zip(fitted, parts, strict=True)]
    tested = _pooled([each.tested for each in judged])
    model, naive = tested.figures(data.roles.control)
    metrics = [
        MetricResult(
            name=name,
            protocol="action",
            value=value,
            higher_is_better=name not in LOWER_IS_BETTER,
            users_counted=len(tested.rows),
            naive=naive[name],
        )
        for name, value in model.items()
    ]
    return TabularEvaluation(
        metrics=metrics,
        per_unit=_per_unit(tested, data),
        protocol=_protocol(tested, data, split, len(parts)),
        details=details([each.judged for each in judged], tested.taken, tested.outcome, tested.predicted, tested.uplift)
        | {
            "model": fitted[0].details,
            "importance": permutation_importance(fitted[0].scorer, data, parts[0].validation, data.roles.outcome),
        },
    )


@dataclass(frozen=True)
class _Fold:
    tested: Tested
    judged: Judged


def _judge(model: TabularFitted, data: TabularData, part: TablePart) -> _Fold:
    scorer = model.scorer
    if not isinstance(scorer, ActionScorer):
        raise TableError(f"The model is {type(scorer).__name__}. Accepted: one that scores actions.")
    train, test = data.frame.iloc[part.train], data.frame.iloc[part.test]
    scores = scorer.scores_of_actions(test)
    uplift = predicted_uplift(scores, scorer.known)
    tested = Tested(
        rows=part.test,
        taken=actions(test, data.roles),
        outcome=outcomes(test, data.roles),
        predicted=scorer.known.own(test, scores),
        naive=np.full(len(test), base_rate(outcomes(train, data.roles))),
        uplift=np.full(len(test), np.nan) if uplift is None else uplift,
    )
    judged = Judged(
        known=scorer.known,
        scores=scores,
        taken=tested.taken,
        outcome=tested.outcome,
        train_taken=actions(train, data.roles),
        train_outcome=outcomes(train, data.roles),
    )
    return _Fold(tested, judged)


def _pooled(folds: list[Tested]) -> Tested:
    names = ("rows", "taken", "outcome", "predicted", "naive", "uplift")
    return Tested(*(np.concatenate([getattr(each, name) for each in folds]) for name in names))


def _units(data: TabularData) -> NDArray[np.int64]:
    """Code of each row's customer: its place among the names in order; without such a role, the row itself."""
    if not data.roles.unit:
        return np.arange(len(data), dtype=np.int64)
    return np.unique(texts(data.frame, data.roles.unit).astype(str), return_inverse=True)[1].astype(np.int64)


def _per_unit(tested: Tested, data: TabularData) -> pd.DataFrame:
    """One row a tested customer: how many rows, and the sums of log loss and squared error over them."""
    rows = pd.DataFrame(
        {
            "user": _units(data)[tested.rows],
            "rows": 1.0,
            "cross_entropy": log_losses(tested.predicted, tested.outcome),
            "squared_error": np.square(tested.predicted - tested.outcome),
            "absolute_error": np.abs(tested.predicted - tested.outcome),
            "actual": tested.outcome,
        }
    )
    summed = rows.groupby("user", sort=True, as_index=False).sum()
    summed.insert(1, "protocol", "action")
    summed.insert(2, "segment", "all")
    return summed


def _protocol(tested: Tested, data: TabularData, split: TableSplit, folds: int) -> dict[str, Any]:
    units = len(np.unique(_units(data)[tested.rows]))
    return {
        "definition": "1",
        "unit": "customer" if data.roles.unit else "row",
        "method": split.method,
        "test_part": split.method.replace("_", " "),
        "folds": folds,
        "units_counted": units,
        "units_left_out": 0,
        "rows_counted": len(tested.rows),
        "control": data.roles.control,
        "naive": "base rate of the training rows",
        "calibration_error": "ten bins of equal mass by predicted probability; rows of one probability share a bin",
        "lift": "outcome rate of the k % of tested rows with the highest probability, divided by that of all",
        "uplift": "outcome rate of acted-on minus control rows among the k % with the highest predicted uplift; "
        + RANDOMISED,
    }
