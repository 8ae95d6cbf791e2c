"""Forecasters: they find what there is to find, never see what comes, and answer what they were not shown."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TableError, TablePart, TabularData
from experiments.learning.tabular.forecasting.history import Grid, History, Observations
from experiments.learning.tabular.forecasting.lags import LEVEL_DAYS, Lags
from experiments.learning.tabular.registry import TABULAR
from experiments.learning.tabular.scorers.registry import load_table_scorer
from experiments.learning.tabular.synthetic import SYNTHETIC
from experiments.tests.tabular.tables import Recorder, daily, judge, made_up, split_of, train, value

MAKE = SYNTHETIC[Family.FORECASTING]
KEYS = ("seasonal_naive", "lag_ridge", "lag_boosting")
LEARNERS = KEYS[1:]
SPLIT = split_of("rolling_origin", folds=1, horizon=14)
QUICK = {"lag_boosting": {"trees": 10}}


@pytest.fixture(scope="module")
def data():
    return made_up("forecasting", shops=2, products=3, days=150)


def fit_all(key, data):
    """Fitted to the whole table."""
    rows = np.arange(len(data))
    part = TablePart(rows[:-10], rows[-10:], rows[:0])
    parameters = TABULAR[key].validate(QUICK.get(key, {}))
    return TABULAR[key].fit(data, part, parameters, seed=0, observer=Recorder()).scorer


def ahead(data, days, start=1):
    """Rows of the days after the table's last, planned as its last row of each series says."""
    last = data.frame["day"].max()
    rows = data.frame[data.frame["day"] == last].drop(columns=data.roles.target)
    return pd.concat([rows.assign(day=last + pd.Timedelta(days=day)) for day in range(start, start + days)])


def test_the_table_is_the_same_for_a_seed_and_described_column_by_column():
    table = MAKE(0, shops=2, products=2, days=100)
    assert table.frame.equals(MAKE(0, shops=2, products=2, days=100).frame)
    assert not table.frame.equals(MAKE(1, shops=2, products=2, days=100).frame)
    assert [column["name"] for column in table.columns] == list(table.frame.columns)
    assert set(table.roles.columns()) == set(table.frame.columns)
    assert len(table.frame) == 400
    json.dumps(table.truth)
    with pytest.raises(DatasetError, match="days"):
        MAKE(0, days=10)


def test_the_stated_effects_are_in_the_table():
    """A regression with an effect of each series, month and weekday finds the elasticity and both effects again."""
    table = MAKE(3, shops=2, products=4, days=400)
    frame = table.frame[table.frame["sales"] >= 5]
    series = frame["shop"] + frame["product"]
    kinds = pd.get_dummies(
        pd.DataFrame(
            {
                "series_month": series + frame["day"].dt.strftime("%y%m"),
                "shop_weekday": frame["shop"] + frame["day"].dt.day_of_week.astype(str),
            }
        )
    ).to_numpy(float)
    known = np.column_stack([np.log(frame["price"]), frame["promotion"] == "yes", frame["holiday"] == "yes", kinds])
    found = np.linalg.lstsq(known, np.log(frame["sales"]), rcond=None)[0]
    truth = table.truth
    assert found[0] == pytest.approx(truth["price_elasticity"], abs=0.1)
    assert found[1] == pytest.approx(truth["promotion_effect"], abs=0.03)
    assert found[2] == pytest.approx(truth["holiday_effect"], abs=0.03)


def test_learners_beat_last_week_by_far_and_come_near_what_is_attainable():
    table = MAKE(0, shops=4, products=5, days=600)
    data = TabularData(table.frame, table.roles, Family.FORECASTING)
    ridge, boosting = (judge(key, data, split_of("rolling_origin", folds=1, horizon=28)) for key in LEARNERS)
    naive = next(found.naive for found in ridge.metrics if found.name == "mase")
    best = table.truth["attainable_mase"]
    assert best < value(boosting, "mase") < 1.4 * best < 0.8 * naive
    assert best < value(ridge, "mase") < 1.5 * best


@pytest.mark.parametrize("key", KEYS)
def test_nothing_after_the_origin_is_seen(data, key):
    """Other numbers in the test rows change no forecast, in the table given to the fit or in the rows asked about."""
    [fitted], [part], _ = train(key, data, SPLIT, **QUICK.get(key, {}))
    changed = data.frame.copy()
    changed.iloc[part.test, changed.columns.get_loc("sales")] = -1e6
    other = TabularData(changed, data.roles, data.family)
    [again], _, _ = train(key, other, SPLIT, **QUICK.get(key, {}))
    expected = fitted.scorer.predict(data.frame.iloc[part.test])
    np.testing.assert_array_equal(again.scorer.predict(changed.iloc[part.test]), expected)
    np.testing.assert_array_equal(again.scorer.predict(changed.iloc[part.test].drop(columns="sales")), expected)


def test_lags_are_those_counted_by_hand_and_stop_at_the_origin():
    random = np.random.default_rng(1)
    values = random.uniform(1, 9, (3, 100))
    values[1, :40] = np.nan
    lags = Lags(season=7, seasons=3, recent=2)
    series, origin, step = np.array([0, 1, 2, 1]), np.array([80, 50, 20, 70]), np.array([3, 9, 14, 7])
    level = lags.level(values, series, origin)
    found = lags.features(values, series, origin, step, level)
    for place, (row, at, ahead_by) in enumerate(zip(series, origin, step, strict=True)):
        past = values[row, : at + 1]
        expected_level = np.nanmean(np.abs(past[-LEVEL_DAYS:]))
        assert level[place] == pytest.approx(expected_level)
        assert found["day_2"][place] == pytest.approx(past[-2] / expected_level, nan_ok=True)
        assert found["mean_28"][place] == pytest.approx(np.nanmean(past[-28:]) / expected_level)
        same = [day for day in range(at, -1, -1) if (at + ahead_by - day) % 7 == 0][:3]
        for number, day in enumerate(same, 1):
            assert found[f"season_{number}"][place] == pytest.approx(past[day] / expected_level, nan_ok=True)
    later = values.copy()
    later[:, 81:] = 1e9
    after = lags.features(later, series[:1], origin[:1], step[:1], lags.level(later, series[:1], origin[:1]))
    for name, column in after.items():
        assert column[0] == pytest.approx(found[name][0], rel=1e-9), name


def test_seasonal_naive_repeats_the_last_week_of_each_series():
    scorer = fit_all("seasonal_naive", daily(30, ("a", "b")))
    rows = pd.DataFrame(
        {"shop": ["a", "b", "a", "never"], "day": ["2024-01-31", "2024-02-06", "2024-02-14", "2024-02-01"]}
    )
    np.testing.assert_array_equal(scorer.predict(rows), [23, 29, 23, 24])


def test_gaps_are_closed_from_the_past_alone():
    frame = pd.DataFrame(
        {"day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-11"]), "y": [1.0, 2, 5, 7]}
    )
    seen = Observations.of(frame, Roles(time="day", target="y"))
    grid = Grid.of(seen, 7)
    np.testing.assert_array_equal(grid.values[0], [1, 2, 2, 2, 5, 5, 5, 1, 2, 2, 7])
    history = History.of(seen.names, grid, 3)
    np.testing.assert_array_equal(history.values, [[2, 2, 7], [2, 2, 7]])


@pytest.mark.parametrize("key", KEYS)
def test_a_stored_forecaster_answers_as_the_fitted_one(data, key):
    scorer = fit_all(key, data)
    rows = ahead(data, 20)
    stored = {name: array.copy() for name, array in scorer.arrays().items()}
    again = load_table_scorer(stored, json.loads(json.dumps(scorer.config())))
    np.testing.assert_array_equal(again.predict(rows), scorer.predict(rows))


@pytest.mark.parametrize("key", KEYS)
def test_any_day_ahead_and_a_series_never_seen_have_an_answer(data, key):
    """500 days ahead of 150 known ones; an unknown series is forecast as the average of all."""
    scorer = fit_all(key, data)
    far = scorer.predict(ahead(data, 3, start=500))
    assert np.isfinite(far).all()
    assert (far >= 0).all()
    rows = ahead(data, 7)
    known = scorer.predict(rows)
    never = scorer.predict(rows.assign(shop="new town"))
    assert never.mean() == pytest.approx(known.mean(), rel=0.25)
    assert len(scorer.predict(rows.iloc[:0])) == 0


@pytest.mark.parametrize("key", LEARNERS)
def test_kinds_never_seen_and_missing_numbers_have_an_answer(data, key):
    rows = ahead(data, 5).assign(promotion="half price")
    rows["price"] = np.nan
    assert np.isfinite(fit_all(key, data).predict(rows)).all()


@pytest.mark.parametrize("key", LEARNERS)
def test_the_same_seed_gives_the_same_forecasts(data, key):
    rows = ahead(data, 10)
    np.testing.assert_array_equal(fit_all(key, data).predict(rows), fit_all(key, data).predict(rows))


def test_a_promotion_planned_ahead_raises_the_forecast(data):
    scorer = fit_all("lag_ridge", data)
    rows = ahead(data, 7)
    ratio = scorer.predict(rows.assign(promotion="yes")).mean() / scorer.predict(rows.assign(promotion="no")).mean()
    assert 1.2 < ratio < 1.8  # the truth is exp(0.40) = 1.49


@pytest.mark.parametrize("key", KEYS)
def test_days_already_known_are_refused(data, key):
    with pytest.raises(TableError, match=r"Row 1 \(.*\) is of 2023-05-31; accepted: days after 2023-05-31"):
        fit_all(key, data).predict(data.frame[data.frame["day"] == data.frame["day"].max()])


@pytest.mark.parametrize("key", KEYS)
def test_two_rows_for_one_day_are_refused_with_series_and_day(data, key):
    frame = pd.concat([data.frame, data.frame.iloc[[7]]], ignore_index=True)
    with pytest.raises(TableError, match=r"Series 'north · bread' has more than one row for 2023-01-09"):
        fit_all(key, TabularData(frame, data.roles, data.family))
    without = data.roles.model_copy(update={"series": ()})
    with pytest.raises(TableError, match=r"more than one row for 2023-01-02 .*the role series"):
        fit_all(key, TabularData(data.frame, without, data.family))


@pytest.mark.parametrize(
    ("column", "wrong", "message"),
    [("day", "soon", "day.*soon.*row 4"), ("sales", "many", "sales.*many.*row 4"), ("price", "dear", "price.*dear")],
)
def test_wrong_cells_are_refused_with_column_row_and_value(data, column, wrong, message):
    frame = data.frame.astype({column: object})
    frame.loc[3, column] = wrong
    if column == "day":
        frame["day"] = frame["day"].astype(str)
    with pytest.raises(TableError, match=message):
        fit_all("lag_ridge", TabularData(frame, data.roles, data.family))


def test_a_missing_column_is_named(data):
    with pytest.raises(TableError, match="no column 'price'"):
        fit_all("lag_ridge", data).predict(ahead(data, 2).drop(columns="price"))


def test_series_too_short_for_lags_are_refused_alone_and_forecast_among_others(data):
    short = data.frame[data.frame["day"] < pd.Timestamp("2023-01-07", tz="UTC")]
    with pytest.raises(TableError, match=r"The longest series has 5 days.*9 days or more"):
        fit_all("lag_ridge", TabularData(short, data.roles, data.family))
    newest = data.frame["day"] >= pd.Timestamp("2023-05-29", tz="UTC")
    late = data.frame[newest & data.frame["shop"].eq("north")].assign(shop="opened lately")
    both = TabularData(pd.concat([data.frame, late], ignore_index=True), data.roles, data.family)
    for key in KEYS:
        forecast = fit_all(key, both).predict(ahead(both, 14))
        assert np.isfinite(forecast).all()


def test_no_known_target_and_a_far_away_day_are_refused(data):
    with pytest.raises(TableError, match="No row has a known target"):
        fit_all("seasonal_naive", TabularData(data.frame.assign(sales=np.nan), data.roles, data.family))
    many = pd.DataFrame({"day": ["0001-01-01", "9000-01-01"] * 30, "s": [f"s{i // 2}" for i in range(60)], "y": 1.0})
    with pytest.raises(TableError, match="30 series over the 3,286,818 days from 0001-01-01 to 9000-01-01"):
        Grid.of(Observations.of(many, Roles(time="day", target="y", series=("s",))), 7)


def test_missing_days_do_not_stop_a_fit(data):
    kept = data.frame.sample(frac=0.7, random_state=5).sort_index().reset_index(drop=True)
    found = judge("lag_ridge", TabularData(kept, data.roles, data.family), SPLIT)
    naive = next(each.naive for each in found.metrics if each.name == "mase")
    assert value(found, "mase") < naive
