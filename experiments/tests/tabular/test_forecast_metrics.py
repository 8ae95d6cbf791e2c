"""Errors of forecasts: held against formulas written out and scikit-learn; what cannot be scaled is left out."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, mean_absolute_percentage_error, root_mean_squared_error

from experiments.learning.comparison.table_estimators import TABLE_ESTIMATORS
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TabularData
from experiments.learning.tabular.forecasting.history import Observations
from experiments.learning.tabular.forecasting.metrics import errors_of, metric, seasonal_scale
from experiments.tests.tabular.tables import judge, made_up, split_of, train, value

SPLIT = split_of("rolling_origin", folds=2, horizon=10)


@pytest.fixture(scope="module")
def data():
    return made_up("forecasting", shops=2, products=3, days=150)


@pytest.fixture(scope="module")
def judged(data):
    return judge("lag_ridge", data, SPLIT)


def long(values_of):
    """A table of series given day by day; None makes no row."""
    rows = [
        (name, pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), number)
        for name, numbers in values_of.items()
        for day, number in enumerate(numbers)
        if number is not None
    ]
    frame = pd.DataFrame(rows, columns=["shop", "day", "sold"])
    return TabularData(frame, Roles(time="day", target="sold", series=("shop",)), Family.FORECASTING)


def test_figures_are_those_of_formulas_written_out_and_of_scikit_learn(data, judged):
    """Every forecast is made again fold by fold, and every figure from it with other code."""
    fitted, parts, _ = train("lag_ridge", data, SPLIT)
    scaled, actual, forecast = [], [], []
    for one, part in zip(fitted, parts, strict=True):
        rows = data.frame.iloc[part.test]
        found = one.scorer.predict(rows)
        known = data.frame.iloc[np.concatenate([part.train, part.validation])].sort_values("day")
        steps = known.groupby(["shop", "product"])["sales"].apply(lambda column: column.diff(7).abs().mean())
        keys = pd.MultiIndex.from_frame(rows[["shop", "product"]])
        scaled += list(np.abs(found - rows["sales"].to_numpy()) / steps.loc[keys].to_numpy())
        actual += list(rows["sales"])
        forecast += list(found)
    actual, forecast = np.array(actual), np.array(forecast)
    expected = {
        "mase": np.mean(scaled),
        "mape": 100 * mean_absolute_percentage_error(actual, forecast),
        "smape": 100 * np.mean(2 * np.abs(actual - forecast) / (np.abs(actual) + np.abs(forecast))),
        "mae": mean_absolute_error(actual, forecast),
        "rmse": root_mean_squared_error(actual, forecast),
        "bias": np.mean(forecast - actual),
    }
    for name, number in expected.items():
        assert value(judged, name) == pytest.approx(number, rel=1e-10), name


def test_sums_of_series_make_the_figures_again(judged):
    for name, estimator in TABLE_ESTIMATORS["forecast"].items():
        sums = np.append(judged.per_unit[list(estimator.columns)].sum().to_numpy(), len(judged.per_unit))
        assert float(estimator.value(sums)) == pytest.approx(value(judged, name), rel=1e-12), name
    assert list(judged.per_unit["user"]) == list(range(6))


def test_naive_line_is_the_baseline_itself(data, judged):
    baseline = judge("seasonal_naive", data, SPLIT)
    for found in baseline.metrics:
        other = next(each for each in judged.metrics if (each.name, each.segment) == (found.name, found.segment))
        assert found.value == found.naive == other.naive


def test_weeks_ahead_add_up_to_the_whole(judged):
    first, second = value(judged, "mase", "week_1"), value(judged, "mase", "week_2")
    assert (7 * first + 3 * second) / 10 == pytest.approx(value(judged, "mase"), rel=1e-12)
    assert [step["step"] for step in judged.details["by_step"]] == list(range(1, 11))
    json.dumps([judged.details, judged.protocol], allow_nan=False)


def test_scale_pairs_days_a_week_apart_whatever_is_missing_between():
    random = np.random.default_rng(0)
    numbers = [None if random.random() < 0.3 else float(random.integers(0, 50)) for _ in range(80)]
    data = long({"a": numbers, "b": [5.0] * 80, "c": [1.0, 2.0]})
    seen = Observations.of(data.frame.sample(frac=1, random_state=1), data.roles)
    pairs = [
        abs(numbers[day] - numbers[day - 7])
        for day in range(7, 80)
        if numbers[day] is not None and numbers[day - 7] is not None
    ]
    scale = seasonal_scale(seen)
    assert scale[0] == pytest.approx(np.mean(pairs), rel=1e-12)
    assert np.isnan(scale[1:]).all()  # never changed; shorter than a week


def test_constant_series_are_left_out_of_mase_alone_and_counted():
    week = [3.0, 5.0, 4.0, 6.0, 8.0, 2.0, 1.0]
    data = long({"a": [5.0] * 60, "b": [number + day % 3 for day, number in enumerate(week * 9)][:60]})
    found = judge("seasonal_naive", data, split_of("rolling_origin", folds=2, horizon=7))
    mase = next(each for each in found.metrics if each.name == "mase")
    assert (mase.users_counted, mase.users_left_out) == (1, 1)
    assert found.protocol["without_scale"] == ["a"]
    assert next(each for each in found.metrics if each.name == "mae").users_counted == 2
    assert np.isnan(found.per_unit["scaled_error"]).tolist() == [True, False]


def test_days_without_sales_have_no_percentage():
    errors = errors_of(np.array([0.0, 0.0, 10.0]), np.array([0.0, 4.0, 12.0]), np.full(3, 2.0))
    assert metric("mape", errors) == pytest.approx(20.0)
    assert metric("smape", errors) == pytest.approx(100 * (0 + 2 + 4 / 22) / 3)
    assert metric("mase", errors) == pytest.approx(1.0)
    assert metric("bias", errors) == pytest.approx(2.0)
    assert metric("mape", errors_of(np.zeros(1), np.ones(1), np.ones(1))) is None


def test_all_zero_and_negative_series_have_figures():
    wave = [10 * np.sin(day) - 5 for day in range(60)]
    found = judge("lag_ridge", long({"zero": [0.0] * 60, "wave": wave}), split_of("rolling_origin", folds=1, horizon=7))
    assert value(found, "mae") > 0
    assert min(found.details["series"][0]["forecast"]) < 0
    assert found.protocol["zero_rows"] == 7
    json.dumps(found.details, allow_nan=False)


def test_units_are_stable_and_a_single_series_is_judged_by_its_weeks(data):
    few = judge("seasonal_naive", data, split_of("time"))
    assert list(few.per_unit["user"]) == list(range(6))
    one = TabularData(
        data.frame[data.frame["shop"].eq("north") & data.frame["product"].eq("tea")], data.roles, data.family
    )
    found = judge("seasonal_naive", one, SPLIT)
    assert found.protocol["unit"] == "week"
    assert len(found.per_unit) >= 3
    assert found.per_unit["rows"].sum() == 20


def test_test_rows_without_a_target_are_left_out_and_counted(data):
    frame = data.frame.copy()
    frame.loc[frame["day"] == frame["day"].max(), "sales"] = np.nan
    found = judge("seasonal_naive", TabularData(frame, data.roles, data.family), SPLIT)
    assert (found.protocol["rows"], found.protocol["rows_left_out"]) == (114, 6)
