"""How much worse a model gets when one column is shuffled: what it leans on, whatever kind of model it is.

importance(column) = mean over shuffles of rmse(shuffled) - rmse(as it is), in the target's units, on rows that were not
learnt from (Breiman, Random Forests, Machine Learning 45, 2001, section 10; Fisher, Rudin, Dominici, JMLR 20, 2019).
Columns that say the same share their importance, and one at or below 0 is not leant on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.tabular.base import Floats, Rows, TableScorer, TabularData
from experiments.learning.tabular.columns import known_numbers

SHUFFLES = 5
MOST_ROWS = 2_000


def permutation_importance(
    scorer: TableScorer, data: TabularData, rows: Rows, target: str, *, seed: int = 0
) -> list[dict[str, Any]]:
    """[{"column", "importance", "deviation"}], most important first; ``deviation`` is over the five shuffles.

    At most 2,000 of ``rows`` are used, evenly spaced. The columns are the family's features: numeric and categorical
    ones, and the place.
    """
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).round().astype(np.int64))]
    frame = data.frame.iloc[chosen].reset_index(drop=True)
    actual = known_numbers(frame, target)
    usual = _rmse(scorer, frame, actual)
    random = np.random.default_rng([seed, 11])
    orders = [random.permutation(len(frame)) for _ in range(SHUFFLES)]
    roles = data.roles
    columns = dict.fromkeys((*roles.numeric, *roles.categorical, roles.latitude, roles.longitude))
    found = []
    for column in (name for name in columns if name):
        worse = [_rmse(scorer, _shuffled(frame, column, order), actual) - usual for order in orders]
        found.append({"column": column, "importance": float(np.mean(worse)), "deviation": float(np.std(worse, ddof=1))})
    return sorted(found, key=lambda each: -float(str(each["importance"])))


def _shuffled(frame: pd.DataFrame, column: str, order: Rows) -> pd.DataFrame:
    return frame.assign(**{column: frame[column].array.take(order)})


def _rmse(scorer: TableScorer, frame: pd.DataFrame, actual: Floats) -> float:
    return float(np.sqrt(np.square(actual - scorer.predict(frame)).mean()))
