"""How each kind of model on tables splits into parts; every function takes (scorer, rows, background)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.split import Floats
from experiments.learning.explain.table_split import TableSplit, by_source
from experiments.learning.explain.tree_shap import tree_shapley
from experiments.learning.tabular.columns import texts
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.forecasting.lag_scorer import LagScorer
from experiments.learning.tabular.forecasting.seasonal_naive import SeasonalNaiveScorer
from experiments.learning.tabular.keys import codes_of
from experiments.learning.tabular.pricing.sales import log_prices, product_labels
from experiments.learning.tabular.pricing.scorers import (
    LEVEL,
    BoostedDemandScorer,
    ElasticityScorer,
    MeanDemandScorer,
    boosted_table,
)
from experiments.learning.tabular.scorers.action_linear import ActionLinearScorer
from experiments.learning.tabular.scorers.action_trees import ActionTreesScorer
from experiments.learning.tabular.scorers.actions import KnownActions
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer

LAST_SEASON, PRODUCT, PRICE = "same day of the last season", "product", "price against the product's own"


def linear(scorer: LinearScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    values, base = _of_linear(scorer, rows, background)
    return _split(scorer, scorer.encoder, rows, values, base)


def trees(scorer: TreesScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    values, base = _of_trees(scorer, rows, background)
    return _split(scorer, scorer.encoder, rows, values, base)


def forecaster(scorer: LagScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """By lags, calendar and what is known ahead, in the target's unit: what the inner model adds up is multiplied by
    the series' own level, so the base is what an average day is for a series of that size."""
    inner, (table, level) = scorer.inner, scorer.inputs(rows)
    usual, _ = scorer.inputs(background)
    if isinstance(inner, LinearScorer):
        values, base = _of_linear(inner, table, usual)
    else:
        values, base = _of_trees(inner, table, usual)
    columns = inner.encoder.columns
    return TableSplit(
        columns, values * level[:, None], base * level, table[list(columns)], "identity", scorer.predict(rows)
    )


def last_season(scorer: SeasonalNaiveScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    return _one_value(LAST_SEASON, scorer.predict(rows), scorer.predict(background), scorer.predict(rows))


def mean_demand(scorer: MeanDemandScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    return _one_value(PRODUCT, scorer.predict(rows), scorer.predict(background), product_labels(rows, scorer.product))


def elasticity(scorer: ElasticityScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Logarithms of the quantity by the product's level, what its elasticity makes of the price, and the context: the
    model is their sum, so each counts what it says against what it says of the background on average."""
    said, inputs = _demand_parts(scorer, rows)
    usual = _demand_parts(scorer, background)[0].mean(axis=0)
    columns = (PRODUCT, PRICE, *scorer.encoder.columns)
    base = np.full(len(rows), usual.sum())
    return TableSplit(columns, said - usual, base, inputs, "log", scorer.predict(rows))


def boosted_demand(scorer: BoostedDemandScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Logarithms of the quantity; the product's own level, by which the trees' answer is multiplied, counts with the
    column that tells it to the trees."""

    def told(frame: pd.DataFrame) -> tuple[pd.DataFrame, Floats]:
        code = codes_of(product_labels(frame, scorer.product), scorer.products.names)
        table = boosted_table(scorer.products, scorer.context, frame, code, log_prices(frame, scorer.price))
        return table, np.log(scorer.products.level[code])

    (table, level), (usual, levels) = told(rows), told(background)
    values, base = _of_trees(scorer.inner, table, usual)
    columns = scorer.inner.encoder.columns
    values[:, columns.index(LEVEL)] += level - levels.mean()
    whole = np.full(len(rows), base + levels.mean())
    return TableSplit(columns, values, whole, table[list(columns)], "log", scorer.predict(rows))


def action_linear(scorer: ActionLinearScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Log-odds. Each product x_j · w_j(action) is a game of two, so it is divided half and half.

    Raises NotExplainable for an action that training never had: its answer is a mean of probabilities.
    """
    action, usual_action = _actions(scorer.known, rows), _known_alone(scorer.known, background)
    usual = scorer.encoder.transform(background.iloc[usual_action[0]])
    matrix, weights = scorer.encoder.transform(rows), scorer.weights
    then = weights[usual_action[1]]
    values = np.empty((len(rows), matrix.shape[1]))
    of_action = np.empty(len(rows))
    for place, (row, own) in enumerate(zip(matrix, weights[action], strict=True)):
        values[place] = ((row - usual) * (own + then) / 2).mean(axis=0)
        of_action[place] = ((own - then) * (row + usual) / 2).sum(axis=1).mean()
    of_action += scorer.biases[action] - scorer.biases[usual_action[1]].mean()
    base = float(((usual * then).sum(axis=1) + scorer.biases[usual_action[1]]).mean())
    columns = (*scorer.encoder.columns, scorer.known.column)
    by_column = by_source(values, scorer.encoder.sources(), scorer.encoder.columns)
    return TableSplit(
        columns,
        np.column_stack([by_column, of_action]),
        np.full(len(rows), base),
        rows[list(columns)],
        "logit",
        scorer.predict(rows),
    )


def action_trees(scorer: ActionTreesScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Log-odds of the trees, and through Platt's straight line those of the prediction; an isotonic calibration comes
    after the sum. Raises NotExplainable as ``action_linear``."""
    _actions(scorer.known, rows)
    usual = background.iloc[_known_alone(scorer.known, background)[0]]
    values, base = _of_trees(scorer.trees, rows, usual)
    slope, shift = scorer.calibration.points if scorer.calibration.method == "platt" else (1.0, 0.0)
    columns = scorer.trees.encoder.columns
    whole = np.full(len(rows), base * slope + shift)
    return TableSplit(columns, values * slope, whole, rows[list(columns)], "logit", scorer.predict(rows))


def _of_linear(scorer: LinearScorer, rows: pd.DataFrame, background: pd.DataFrame) -> tuple[Floats, float]:
    """Values by column of the table, and the background's mean raw prediction."""
    mean = scorer.encoder.transform(background).mean(axis=0)
    each = (scorer.encoder.transform(rows) - mean) * scorer.weights
    base = float(mean @ scorer.weights + scorer.bias)
    return by_source(each, scorer.encoder.sources(), scorer.encoder.columns), base


def _of_trees(scorer: TreesScorer, rows: pd.DataFrame, background: pd.DataFrame) -> tuple[Floats, float]:
    encoder = scorer.encoder
    place = {name: number for number, name in enumerate(encoder.columns)}
    player = np.array([place[source] for source in encoder.sources()], np.int64)
    return tree_shapley(scorer, encoder.transform(rows), encoder.transform(background), player)


def _split(
    scorer: LinearScorer | TreesScorer, encoder: Encoder, rows: pd.DataFrame, values: Floats, base: float
) -> TableSplit:
    inputs = rows[list(encoder.columns)]
    return TableSplit(encoder.columns, values, np.full(len(rows), base), inputs, scorer.link, scorer.predict(rows))


def _one_value(name: str, said: Floats, usual: Floats, shown: Sequence[object] | Floats) -> TableSplit:
    base = np.full(len(said), usual.mean())
    inputs = pd.DataFrame({name: list(shown)})
    return TableSplit((name,), (said - base)[:, None], base, inputs, "identity", said)


def _demand_parts(scorer: ElasticityScorer, frame: pd.DataFrame) -> tuple[Floats, pd.DataFrame]:
    """What product, price and each column of the context add to the logarithm, shape (rows, columns)."""
    labels = product_labels(frame, scorer.product)
    code = codes_of(labels, scorer.products.names)
    move = log_prices(frame, scorer.price) - scorer.products.log_price[code]
    table = scorer.context.table(frame, code)
    context = by_source(
        scorer.encoder.transform(table) * scorer.gamma, scorer.encoder.sources(), scorer.encoder.columns
    )
    said = np.column_stack([scorer.offset[code], scorer.elasticity[code] * move, context])
    own = {PRODUCT: list(labels), PRICE: np.exp(move)}
    return said, pd.DataFrame(own | {name: table[name].to_numpy() for name in scorer.encoder.columns})


def _actions(known: KnownActions, rows: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Place of each row's action. Raises NotExplainable for one that training never had."""
    taken = [str(each) for each in texts(rows, known.column)]
    strange = sorted(set(taken) - set(known.names))
    if strange:
        raise NotExplainable(
            f"{known.column} is “{strange[0]}”, which training never had: such a row is answered with a mean over the "
            f"known ones and has no exact parts; accepted: {', '.join(known.names)}."
        )
    return np.array([known.names.index(each) for each in taken], np.int64)


def _known_alone(
    known: KnownActions, rows: pd.DataFrame
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Rows whose action training had, and the places of their actions."""
    taken = [str(each) for each in texts(rows, known.column)]
    places = np.array([place for place, each in enumerate(taken) if each in known.names], np.int64)
    if not len(places):
        raise NotExplainable("No row of the background has an action that training had.")
    return places, np.array([known.names.index(taken[place]) for place in places], np.int64)
