"""Shapley values of predictions on tables, against the mean over all orders of columns."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.tables import table_shapley
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "income": np.where(generator.random(80) < 0.1, np.nan, generator.normal(50, 9, 80)),
            "age": generator.normal(40, 8, 80),
            "kind": generator.choice(["shop", "park", "bar"], 80),
        }
    )


def linear(frame, link="identity"):
    encoder = Encoder.fit(frame, ("income", "age"), ("kind",))
    weights = np.random.default_rng(1).normal(size=len(encoder.names))
    return LinearScorer(encoder=encoder, weights=weights, bias=2.0, link=link)


def trees(frame, columns=("income", "age"), rounds=15):
    encoder = Encoder.fit(frame, columns, ("kind",), missing="keep")
    target = frame["age"] * 0.3 + frame["income"].fillna(0) * (frame["kind"] == "bar")
    model = HistGradientBoostingRegressor(max_iter=rounds, min_samples_leaf=5).fit(encoder.transform(frame), target)
    return TreesScorer.export(model, encoder, "identity")


def over_all_orders(predict, row, background, columns):
    values = dict.fromkeys(columns, 0.0)
    orders = list(permutations(columns))

    def worth(present):
        return predict(background.assign(**{name: row[name] for name in present})).mean()

    for order in orders:
        for place, name in enumerate(order):
            values[name] += (worth(order[: place + 1]) - worth(order[:place])) / len(orders)
    return [values[name] for name in columns]


@pytest.mark.parametrize("make", [linear, trees])
def test_values_are_the_means_over_all_orders_and_sum_to_the_prediction(frame, make):
    scorer = make(frame)
    rows, background = frame.iloc[:4], frame.iloc[10:50].reset_index(drop=True)
    found = table_shapley(scorer, rows, background)
    assert found.columns == ("income", "age", "kind")
    assert found.base + found.values.sum(axis=1) == pytest.approx(scorer.predict(rows), abs=1e-9)
    for place in range(4):
        expected = over_all_orders(scorer.predict, rows.iloc[place], background, found.columns)
        assert found.values[place] == pytest.approx(expected, abs=1e-9)


def test_with_a_link_the_values_add_up_before_it(frame):
    scorer = linear(frame, "logit")
    found = table_shapley(scorer, frame, frame)
    raw = found.base + found.values.sum(axis=1)
    assert 1 / (1 + np.exp(-raw)) == pytest.approx(scorer.predict(frame), abs=1e-9)
    assert found.link == "logit"


def test_what_has_no_exact_split_is_refused_with_the_reason(frame):
    class Other:
        def config(self):
            return {"kind": "lags"}

    with pytest.raises(NotExplainable, match="lags"):
        table_shapley(Other(), frame, frame)
    with pytest.raises(ValueError, match="background"):
        table_shapley(linear(frame), frame, frame.iloc[:0])
