"""A prediction on a table as a sum over columns, and what columns a model leans on as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.explain.split import Floats
from experiments.learning.tabular.scorers.links import Link


@dataclass(frozen=True)
class TableSplit:
    """Raw prediction of each row = its ``base`` + the sum of its ``values``.

    Attributes:
        columns: what is added up: columns of the table, or the features that the model makes of them.
        values: Shapley values, shape (rows, columns).
        base: mean raw prediction of the background, shape (rows,).
        inputs: what each column holds in each row, shape (rows, columns), for people to read.
        link: the scale that the model adds up on: "log" is logarithms of the prediction, "logit" log-odds.
        predicted: what the model answers, shape (rows,); the raw prediction through the link, then calibrated or cut
            where the model does so.
    """

    columns: tuple[str, ...]
    values: Floats
    base: Floats
    inputs: pd.DataFrame
    link: Link
    predicted: Floats

    @property
    def raw(self) -> Floats:
        """Shape (rows,)."""
        total: Floats = self.base + self.values.sum(axis=1)
        return total


def by_source(each: Floats, sources: tuple[str, ...], columns: tuple[str, ...]) -> Floats:
    """Sums over the encoded columns that come from one column of the table; (rows, f) to (rows, len(columns))."""
    place = {name: number for number, name in enumerate(columns)}
    found = np.zeros((len(each), len(columns)))
    for number, source in enumerate(sources):
        found[:, place[source]] += each[:, number]
    return found


def mean_size(split: TableSplit) -> list[dict[str, Any]]:
    """[{"name", "size", "share"}], largest first: the mean absolute Shapley value of each column, and its share of all
    (Lundberg et al. 2020, section 4). Shares are 0 where no column ever changes anything."""
    sizes = np.abs(split.values).mean(axis=0) if len(split.values) else np.zeros(len(split.columns))
    total = float(sizes.sum()) or 1.0
    order = np.lexsort((np.arange(len(sizes)), -sizes))
    return [
        {"name": split.columns[place], "size": float(sizes[place]), "share": float(sizes[place]) / total}
        for place in order
    ]
