"""Models of demand: figures are what they say, stored models answer alike, and wrong tables are refused by cell."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error, root_mean_squared_log_error

from experiments.learning.comparison.table_estimators import TABLE_ESTIMATORS
from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.learning.tabular.base import TableError, TabularData
from experiments.learning.tabular.scorers.registry import load_table_scorer
from experiments.learning.tabular.synthetic import SYNTHETIC
from experiments.tests.tabular.tables import judge, made_up, split_of, train, value

MAKE = SYNTHETIC[Family.PRICING]
KEYS = ("mean_demand", "log_log_elasticity", "demand_boosting")
LEARNERS = KEYS[1:]


@pytest.fixture(scope="module")
def data():
    return made_up("pricing", products=10, weeks=80)


@pytest.fixture(scope="module")
def scorers(data):
    return {key: train(key, data)[0][0].scorer for key in KEYS}


def test_the_table_is_the_same_for_a_seed_and_described_column_by_column():
    table = MAKE(0)
    assert table.frame.equals(MAKE(0).frame)
    assert not table.frame.equals(MAKE(1).frame)
    assert [column["name"] for column in table.columns] == list(table.frame.columns)
    assert set(table.roles.columns()) == set(table.frame.columns)
    assert len(table.frame) == 36 * 104
    assert table.truth["elasticity"]["mean"] == pytest.approx(
        np.mean(list(table.truth["elasticity"]["products"].values()))
    )
    json.dumps(table.truth)
    with pytest.raises(DatasetError, match="weeks"):
        MAKE(0, weeks=3)


@pytest.mark.parametrize("key", KEYS)
def test_figures_are_those_of_scikit_learn(data, key):
    fitted, [part], _ = train(key, data)
    rows = data.frame.iloc[part.test]
    actual, predicted = rows["quantity"].to_numpy(), fitted[0].scorer.predict(rows)
    found = judge(key, data)
    expected = {
        "rmse_log": root_mean_squared_log_error(actual, predicted),
        "mae": mean_absolute_error(actual, predicted),
        "rmse": root_mean_squared_error(actual, predicted),
        "r2_log": r2_score(np.log1p(actual), np.log1p(predicted)),
    }
    for name, number in expected.items():
        assert value(found, name) == pytest.approx(number, rel=1e-9), name
    for name, estimator in TABLE_ESTIMATORS["demand"].items():
        sums = np.append(found.per_unit[list(estimator.columns)].sum().to_numpy(), len(found.per_unit))
        assert float(estimator.value(sums)) == pytest.approx(expected[name], rel=1e-9), name
    assert list(found.per_unit["user"]) == list(range(10))
    json.dumps([found.details, found.protocol, fitted[0].details], allow_nan=False)


def test_the_naive_line_is_the_baseline_itself_and_has_no_elasticity(data):
    baseline, other = judge("mean_demand", data), judge("log_log_elasticity", data)
    assert value(baseline, "elasticity") is None
    assert baseline.details["elasticity"] is None
    for found, beside in zip(baseline.metrics, other.metrics, strict=True):
        assert found.value == found.naive == beside.naive


def test_learners_reach_what_is_attainable_on_the_shipped_example():
    table = MAKE(0)
    data = TabularData(table.frame, table.roles, Family.PRICING)
    for key in LEARNERS:
        found = judge(key, data)
        naive = next(each.naive for each in found.metrics if each.name == "rmse_log")
        assert value(found, "rmse_log") < 1.05 * table.truth["attainable_rmse_log"] < 0.85 * naive, key
        assert value(found, "elasticity") == pytest.approx(table.truth["elasticity"]["mean"], abs=0.25), key


@pytest.mark.parametrize("key", KEYS)
def test_a_stored_model_answers_as_the_fitted_one(data, scorers, key):
    scorer = scorers[key]
    again = load_table_scorer(
        {name: array.copy() for name, array in scorer.arrays().items()}, json.loads(json.dumps(scorer.config()))
    )
    np.testing.assert_array_equal(again.predict(data.frame), scorer.predict(data.frame))


@pytest.mark.parametrize("key", KEYS)
def test_test_rows_are_never_seen(data, scorers, key):
    _, [part], _ = train("mean_demand", data)
    changed = data.frame.copy()
    changed.loc[part.test, "quantity"] = 9e5
    [again], _, _ = train(key, TabularData(changed, data.roles, data.family))
    np.testing.assert_array_equal(again.scorer.predict(data.frame), scorers[key].predict(data.frame))


@pytest.mark.parametrize("key", KEYS)
def test_a_product_never_seen_missing_numbers_and_new_kinds_have_an_answer(data, scorers, key):
    rows = data.frame.iloc[:20].drop(columns="quantity").assign(product="new", promotion="clearance")
    rows["competitor_price"] = np.nan
    found = scorers[key].predict(rows)
    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert len(scorers[key].predict(rows.iloc[:0])) == 0


@pytest.mark.parametrize("key", LEARNERS)
def test_demand_falls_with_the_price(data, scorers, key):
    rows = data.frame.iloc[::7]
    dearer = rows.assign(price=rows["price"] * 1.2)
    ratio = scorers[key].predict(dearer) / scorers[key].predict(rows)
    assert (ratio <= 1 + 1e-12).all()
    assert np.mean(np.log(ratio)) / np.log(1.2) == pytest.approx(-1.8, abs=0.6)


def test_trees_claim_no_interval_and_the_regression_has_one(data):
    trees, regression = (judge(key, data).details["elasticity"] for key in ("demand_boosting", "log_log_elasticity"))
    assert trees["low"] is trees["high"] is trees["products"][0]["low"] is None
    assert "no interval" in trees["method"]
    assert regression["low"] < regression["mean"] < regression["high"]
    assert np.mean([each["elasticity"] for each in trees["products"]]) == pytest.approx(trees["mean"])


def test_curves_are_the_models_own_answers_within_charged_prices(data, scorers):
    found = judge("log_log_elasticity", data)
    curves = found.details["curves"]
    assert len(curves) == 6
    _, [part], _ = train("mean_demand", data)
    known = data.frame.iloc[np.concatenate([part.train, part.validation])]
    for curve in curves:
        prices = known.loc[known["product"] == curve["product"], "price"]
        assert curve["price"][0] == prices.min()
        assert curve["price"][-1] == prices.max()
        price, quantity = np.array(curve["price"]), np.array(curve["quantity"])
        np.testing.assert_allclose(curve["revenue"], price * quantity)
        assert curve["best_price"] == price[np.argmax(price * quantity)]
        # Demand of constant elasticity below -1: revenue falls with the price, so the best is the lowest ever charged.
        own = np.log(quantity[-1] / quantity[0]) / np.log(price[-1] / price[0])
        told = next(each for each in found.details["elasticity"]["products"] if each["name"] == curve["product"])
        assert own == pytest.approx(told["elasticity"], rel=1e-9)
        assert curve["at_edge"]
        assert curve["best_price"] == (prices.min() if own < -1 else prices.max())


@pytest.mark.parametrize("key", KEYS)
def test_one_product_and_no_product_column(data, key):
    frame = data.frame[data.frame["product"] == "product 01"].reset_index(drop=True)
    one = judge(key, TabularData(frame, data.roles, data.family))
    without = TabularData(frame.drop(columns="product"), data.roles.model_copy(update={"product": ""}), data.family)
    none = judge(key, without)
    assert value(none, "rmse_log") == pytest.approx(value(one, "rmse_log"), rel=1e-6)
    assert none.protocol["unit"] == "row"
    assert len(none.per_unit) == none.protocol["rows"]


def test_without_a_time_rows_are_drawn_and_nothing_is_said_of_seasons(data):
    frame = data.frame.drop(columns="week")
    found = judge("log_log_elasticity", TabularData(frame, data.roles.model_copy(update={"time": ""}), data.family))
    assert found.protocol["method"] == "random"
    assert "drawn at random" in found.protocol["summary"]


def test_folds_are_pooled(data):
    split = split_of("rolling_origin", folds=3, horizon=28)
    fitted, parts, _ = train("log_log_elasticity", data, split)
    found = judge("log_log_elasticity", data, split)
    assert found.protocol["rows"] == sum(len(part.test) for part in parts) == 120
    assert value(found, "elasticity") == pytest.approx(np.mean([one.details["elasticity"]["mean"] for one in fitted]))
    assert len(found.per_unit) == 10


@pytest.mark.parametrize(
    ("column", "wrong", "message"),
    [
        ("price", 0.0, r"price is 0 in row \d+.*a price above 0"),
        ("price", -3.0, r"price is -3 in row \d+.*a price above 0"),
        ("price", np.nan, r"price.*row \d+.*a number in every row"),
        ("quantity", -1.0, r"quantity is -1 in row \d+.*0 or more"),
        ("quantity", np.nan, r"quantity.*row \d+.*a number in every row"),
        ("competitor_price", np.inf, r"competitor_price.*inf"),
    ],
)
def test_wrong_cells_are_refused_with_column_row_and_value(data, column, wrong, message):
    frame = data.frame.copy()
    frame.loc[3, column] = wrong
    with pytest.raises(TableError, match=message):
        judge("log_log_elasticity", TabularData(frame, data.roles, data.family))


@pytest.mark.parametrize("key", LEARNERS)
def test_nothing_ever_sold_and_missing_columns_are_refused(data, scorers, key):
    with pytest.raises(TableError, match="Every quantity to learn from is 0"):
        train(key, TabularData(data.frame.assign(quantity=0.0), data.roles, data.family))
    with pytest.raises(TableError, match="no column 'price'"):
        scorers[key].predict(data.frame.drop(columns="price"))
    with pytest.raises(TableError, match="price is 0 in row 1"):
        scorers[key].predict(data.frame.assign(price=0.0))


def test_a_product_that_never_sold_is_predicted_near_nothing(data):
    frame = data.frame.copy()
    never = frame["product"] == "product 02"
    frame.loc[never, "quantity"] = 0.0
    for key in LEARNERS:
        [fitted], _, _ = train(key, TabularData(frame, data.roles, data.family))
        found = fitted.scorer.predict(frame[never])
        assert np.isfinite(found).all()
        assert found.max() < 0.1 * pd.Series(fitted.scorer.predict(frame[~never])).median(), key
