"""Rows that a forecaster can be asked about: the days after those it learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.tabular.base import TableScorer, TabularData
from experiments.learning.tabular.columns import days
from experiments.learning.tabular.forecasting.lag_scorer import LagScorer
from experiments.learning.tabular.forecasting.seasonal_naive import SeasonalNaiveScorer
from experiments.learning.tabular.keys import codes_of, labels

WEEKS = 4


def coming_days(scorer: TableScorer, data: TabularData) -> pd.DataFrame:
    """The four weeks after each series' last known day, one row a series and day, sorted by series and day.

    What is known ahead (prices, promotions) is taken from the same weekday four weeks earlier, where there was a row.
    Raises NotExplainable where no series has such rows.
    """
    if not isinstance(scorer, LagScorer | SeasonalNaiveScorer):
        raise NotExplainable(f"Models of the kind “{scorer.config().get('kind')}” forecast no days.")
    width = 7 * WEEKS
    names, roles = labels(data.frame, data.roles.series), data.roles
    code, day = codes_of(names, scorer.history.names), days(data.frame, roles.time)
    origin = scorer.history.origin[code]
    newest = (code < len(scorer.history.names)) & (day > origin - width) & (day <= origin)
    if not newest.any():
        raise NotExplainable("The data holds none of the last four weeks of any series that the model knows.")
    rows = np.flatnonzero(newest)
    rows = rows[np.lexsort((day[rows], code[rows]))]
    coming = pd.to_datetime((day[rows] + width) * 86_400_000_000_000)
    return data.frame.iloc[rows].assign(**{roles.time: coming}).reset_index(drop=True)
