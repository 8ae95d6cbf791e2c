"""Shapley values of one prediction of a model on a table, against a background of rows: what each column adds.

Both are interventional: an absent column takes the values that background rows have, whatever the other columns say.
Linear models have them in closed form, weight · (x - mean) (Strumbelj and Kononenko 2014; Lundberg and Lee 2017,
corollary 1). Boosted trees are asked about every coalition of columns, which is exact and, for at most 10 columns,
cheap. Both stand on the scale on which the model adds up: for link "log" factors of the prediction in logarithms, for
"logit" log-odds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.shapley import shapley_values
from experiments.learning.explain.split import Floats
from experiments.learning.tabular.base import TableScorer
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.links import Link
from experiments.learning.tabular.scorers.trees import TreesScorer

MOST_COLUMNS = 10
MOST_BACKGROUND = 100


@dataclass(frozen=True)
class TableSplit:
    """raw prediction of each row = ``base`` + the sum of its ``values``; shape (rows, columns)."""

    columns: tuple[str, ...]
    values: Floats
    base: float
    link: Link


def table_shapley(scorer: TableScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Exact Shapley values of the table's columns. At most 100 rows of ``background`` are used, evenly spaced.

    Raises NotExplainable for other models than a linear one or boosted trees of at most 10 columns, ValueError for an
    empty background, TableError for columns that are missing.
    """
    if not len(background):
        raise ValueError("The background has no rows; accepted: one or more.")
    few = background.iloc[
        np.unique(np.linspace(0, len(background) - 1, min(len(background), MOST_BACKGROUND)).astype(np.int64))
    ]
    if isinstance(scorer, LinearScorer):
        return _linear(scorer, rows, few)
    if isinstance(scorer, TreesScorer):
        return _trees(scorer, rows, few)
    raise NotExplainable(
        f"Models of the kind “{scorer.config().get('kind')}” have no exact split here; explained are linear models and "
        f"boosted trees of at most {MOST_COLUMNS} columns."
    )


def _linear(scorer: LinearScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    mean = scorer.encoder.transform(background).mean(axis=0)
    each = (scorer.encoder.transform(rows) - mean) * scorer.weights
    columns = scorer.encoder.columns
    sources = np.array(scorer.encoder.sources())
    values = np.column_stack([each[:, sources == name].sum(axis=1) for name in columns] or [np.zeros((len(rows), 0))])
    return TableSplit(columns, values, float(mean @ scorer.weights + scorer.bias), scorer.link)


def _trees(scorer: TreesScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    columns = scorer.encoder.columns
    if len(columns) > MOST_COLUMNS:
        raise NotExplainable(
            f"The trees read {len(columns)} columns; exact values are made for at most {MOST_COLUMNS}, as each "
            "further column doubles the work. Permutation importance says what the model leans on."
        )
    sources = np.array(scorer.encoder.sources())
    members = [np.flatnonzero(sources == name) for name in columns]
    absent = scorer.encoder.transform(background)
    worth = np.column_stack([_worths(scorer.raw, row, absent, members) for row in scorer.encoder.transform(rows)])
    base = float(scorer.raw(absent).mean())
    return TableSplit(columns, shapley_values(worth).T, base, scorer.link)


def _worths(
    raw: Callable[[Floats], Floats],
    row: Floats,
    absent: Floats,
    members: list[np.ndarray[tuple[int], np.dtype[np.int64]]],
) -> Floats:
    """Mean raw prediction over the background of every coalition of columns taken from ``row``; (2**columns,)."""
    found = np.empty(1 << len(members))
    for coalition in range(len(found)):
        mixed = absent.copy()
        for place, columns in enumerate(members):
            if coalition >> place & 1:
                mixed[:, columns] = row[columns]
        found[coalition] = raw(mixed).mean()
    return found
