"""Small tables with known structure, an observer that remembers, and one fit and judgement from start to end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TableSplit, TabularData
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.registry import TABULAR
from experiments.learning.tabular.splits import default_split, split_table
from experiments.learning.tabular.synthetic import SYNTHETIC


class Recorder:
    """An observer that keeps what it is told."""

    def __init__(self):
        self.started, self.lines = {}, []

    def on_start(self, *, epochs, total_parameters):
        self.started = {"epochs": epochs, "total_parameters": total_parameters}

    def on_epoch(self, epoch, values, save):
        raise AssertionError("Models on tables are fitted in one step.")

    def log(self, message):
        self.lines.append(message)


def made_up(family, seed=0, **sizes):
    """A family's own synthetic table as data."""
    table = SYNTHETIC[Family(family)](seed, **sizes)
    return TabularData(table.frame, table.roles, Family(family))


def train(key, data, split=None, seed=0, **parameters):
    """(fitted of each part, parts, split) with the family's default split."""
    architecture = TABULAR[key]
    split = split or default_split(data.family, data.roles)
    parts = split_table(data, split)
    chosen = architecture.validate(parameters)
    fitted = [architecture.fit(data, part, chosen, seed=seed, observer=Recorder()) for part in parts]
    return fitted, parts, split


def judge(key, data, split=None, seed=0, **parameters):
    fitted, parts, split = train(key, data, split, seed, **parameters)
    return EVALUATE[data.family](fitted, data, parts, split)


def value(evaluation, name, segment="all"):
    return next(found.value for found in evaluation.metrics if (found.name, found.segment) == (name, segment))


def daily(days=60, series=("a", "b"), family=Family.FORECASTING):
    """One row a series and day, counting up; days in no particular order."""
    frame = pd.DataFrame(
        [(name, pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), day) for day in range(days) for name in series],
        columns=["shop", "day", "sold"],
    )
    frame = frame.sample(frac=1, random_state=np.random.RandomState(3)).reset_index(drop=True)
    return TabularData(frame, Roles(time="day", target="sold", series=("shop",)), family)


def split_of(method, **settings):
    return TableSplit(method=method, **settings)
