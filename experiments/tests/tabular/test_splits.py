"""Every split: no row in two parts, nothing learnt from what is tested, and the same for the same seed."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TableError, TabularData
from experiments.learning.tabular.blocks import EARTH_KM, km_to_nearest, squares
from experiments.learning.tabular.splits import METHODS_OF, default_split, methods_for, split_table
from experiments.tests.tabular.tables import daily, split_of

PLACES = Roles(latitude="lat", longitude="lon", target="y", numeric=("x",))
ACTIONS = Roles(action="did", outcome="won", unit="who", time="day", numeric=("x",))


def places(seed, rows=200, spread=0.5):
    random = np.random.default_rng(seed)
    where = random.uniform(-spread, spread, (2, rows))
    frame = pd.DataFrame({"lat": 48 + where[0], "lon": 11 + where[1], "x": random.normal(size=rows), "y": 1.0})
    return TabularData(frame, PLACES, Family.LOCATION_SCORING)


def actions(seed, rows=120, units=25, days=30, roles=ACTIONS):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "who": [f"c{code}" for code in random.integers(0, units, rows)],
            "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(random.integers(0, days, rows), unit="D"),
            "did": "mail",
            "won": random.integers(0, 2, rows),
            "x": 1.0,
        }
    )
    return TabularData(frame, roles, Family.NEXT_BEST_ACTION)


def rows_of(part):
    return [part.train, part.validation, part.test]


def assert_sound(parts, rows):
    for part in parts:
        for one in rows_of(part):
            assert len(one)
            assert (np.diff(one) > 0).all()
            assert one.min() >= 0
            assert one.max() < rows
        assert not any(np.intersect1d(one, other).size for one, other in combinations(rows_of(part), 2))


def assert_same(parts, others):
    for part, other in zip(parts, others, strict=True):
        assert part.name == other.name
        for one, another in zip(rows_of(part), rows_of(other), strict=True):
            np.testing.assert_array_equal(one, another)


SEEDS, SHARES = st.integers(0, 1_000), st.sampled_from([0.1, 0.2, 0.5])


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, split_seed=SEEDS, share=SHARES)
def test_random_keeps_every_customer_on_one_side(seed, split_seed, share):
    data, split = actions(seed), split_of("random", test_share=share, seed=split_seed)
    [part] = parts = split_table(data, split)
    assert_sound(parts, len(data))
    assert sum(map(len, rows_of(part))) == len(data)
    who = [set(data.frame["who"].iloc[rows]) for rows in rows_of(part)]
    assert not any(one & other for one, other in combinations(who, 2))
    units = data.frame["who"].nunique()
    assert len(who[2]) == max(round(units * share), 1)
    assert_same(parts, split_table(data, split))


def test_customers_are_drawn_alike_whatever_the_order_of_rows():
    data = actions(3)
    turned = TabularData(data.frame.iloc[::-1].reset_index(drop=True), data.roles, data.family)
    of_each = [set(each.frame["who"].iloc[split_table(each, split_of("random"))[0].test]) for each in (data, turned)]
    assert of_each[0] == of_each[1]
    another = split_table(data, split_of("random", seed=7))[0].test
    assert set(data.frame["who"].iloc[another]) != of_each[0]


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, share=SHARES, days=st.integers(3, 40))
def test_time_never_tears_a_day_apart_and_tests_the_newest(seed, share, days):
    data = actions(seed, days=days)
    [part] = parts = split_table(data, split_of("time", test_share=share))
    assert_sound(parts, len(data))
    assert sum(map(len, rows_of(part))) == len(data)
    train, validation, test = (data.frame["day"].iloc[rows] for rows in rows_of(part))
    assert train.max() < validation.min()
    assert validation.max() < test.min()
    largest_day = data.frame["day"].value_counts().max()
    assert abs(len(test) - share * len(data)) <= largest_day


@settings(max_examples=25, deadline=None)
@given(folds=st.integers(1, 4), horizon=st.integers(1, 12), days=st.integers(52, 90))
def test_rolling_origins_test_the_days_after_and_learn_from_all_before(folds, horizon, days):
    data = daily(days)
    parts = split_table(data, split_of("rolling_origin", folds=folds, horizon=horizon))
    assert len(parts) == folds
    assert_sound(parts, len(data))
    day = (data.frame["day"] - pd.Timestamp("2024-01-01")).dt.days.to_numpy()
    for number, part in enumerate(parts):
        origin = days - 1 - (folds - number) * horizon
        assert part.name == str((pd.Timestamp("2024-01-01") + pd.Timedelta(days=origin)).date())
        np.testing.assert_array_equal(np.unique(day[part.test]), np.arange(origin + 1, origin + horizon + 1))
        known = np.union1d(part.train, part.validation)
        np.testing.assert_array_equal(known, np.flatnonzero(day <= origin))
        assert day[part.train].max() < day[part.validation].min()
    assert_same(parts, split_table(data, split_of("rolling_origin", folds=folds, horizon=horizon, seed=9)))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, split_seed=SEEDS, share=SHARES, block_km=st.sampled_from([5.0, 10.0, 20.0]))
def test_squares_are_tested_whole_until_the_share_is_reached(seed, split_seed, share, block_km):
    data = places(seed)
    split = split_of("spatial_blocks", test_share=share, block_km=block_km, seed=split_seed)
    [part] = parts = split_table(data, split)
    assert_sound(parts, len(data))
    assert sum(map(len, rows_of(part))) == len(data)
    square = squares(data.frame["lat"].to_numpy(), data.frame["lon"].to_numpy(), block_km)
    assert not any(np.intersect1d(square[one], square[other]).size for one, other in combinations(rows_of(part), 2))
    largest = np.unique(square, return_counts=True)[1].max()
    assert share * len(data) <= len(part.test) < share * len(data) + largest
    assert_same(parts, split_table(data, split))


def test_another_seed_draws_other_squares_and_the_order_of_rows_does_not_matter():
    data = places(1)
    turned = TabularData(data.frame.iloc[::-1].reset_index(drop=True), data.roles, data.family)

    def tested(of, seed):
        rows = split_table(of, split_of("spatial_blocks", seed=seed))[0].test
        return set(of.frame["lat"].iloc[rows])

    assert tested(data, 1) == tested(turned, 1)
    assert tested(data, 1) != tested(data, 2)


@settings(max_examples=60, deadline=None)
@given(
    latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), block_km=st.sampled_from([0.5, 10.0, 300.0, 1000.0])
)
def test_no_two_places_of_a_square_are_farther_apart_than_its_diagonal(latitude, longitude, block_km):
    random = np.random.default_rng(0)
    near = 1.2 * block_km / 111.195
    lat = np.clip(latitude + random.uniform(-near, near, 300), -90, 90)
    lon = np.clip(longitude + random.uniform(-near, near, 300) / max(np.cos(np.radians(latitude)), 0.02), -180, 180)
    square = squares(lat, lon, block_km)
    for one in np.unique(square)[:20]:
        inside = square == one
        if abs(lat[inside]).max() + block_km / 111 < 80:
            assert largest_distance(lat[inside], lon[inside]) <= 1.8 * block_km


def largest_distance(lat, lon):
    """Haversine, all pairs."""
    up, around = np.radians(lat), np.radians(lon)
    inner = (
        np.sin((up[:, None] - up) / 2) ** 2
        + np.cos(up[:, None]) * np.cos(up) * np.sin((around[:, None] - around) / 2) ** 2
    )
    return float((2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(inner, 0, 1)))).max())


def test_squares_are_about_as_large_everywhere():
    random = np.random.default_rng(2)
    counts = {}
    for latitude in (0.0, 45.0, 65.0):
        half = 50 / 111.195
        lat = random.uniform(latitude - half, latitude + half, 4_000)
        lon = random.uniform(-half, half, 4_000) / np.cos(np.radians(latitude))
        counts[latitude] = len(np.unique(squares(lat, lon, 10.0)))
    assert all(95 <= count <= 145 for count in counts.values())  # 100 km x 100 km, those on the edge counted


def test_distances_are_those_of_the_haversine_formula():
    data = places(4)
    lat, lon = data.frame["lat"].to_numpy(), data.frame["lon"].to_numpy()
    near, others = np.arange(5), np.arange(100, 150)
    expected = [min(largest_distance(lat[[one, other]], lon[[one, other]]) for other in others) for one in near]
    np.testing.assert_allclose(km_to_nearest(lat, lon, near, others), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("data", "split", "message"),
    [
        (
            daily(),
            split_of("random"),
            r"split method is 'random', which forecasting lacks\. Accepted: rolling_origin, ",
        ),
        (places(0), split_of("time"), r"location scoring lacks\. Accepted: spatial_blocks, random"),
        (
            actions(0, roles=ACTIONS.model_copy(update={"time": ""})),
            split_of("time"),
            r"without a time column lacks\. Accepted: random",
        ),
        (daily(30), split_of("rolling_origin", folds=3, horizon=14), r"day covers 30 days.*2024-01-30; 3 folds .* 44"),
        (places(0, spread=0.001), split_of("spatial_blocks"), r"block_km is 10, which makes [12] blocks"),
        (actions(0, days=1), split_of("time"), r"day has only 1 different times here\. Accepted: 3 or more"),
        (actions(0, units=2), split_of("random"), r"The validation part would be empty"),
    ],
)
def test_a_split_that_cannot_be_is_refused(data, split, message):
    with pytest.raises(TableError, match=message):
        split_table(data, split)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("lat", 91.0, "latitude is 91"), ("lon", 200.0, "longitude is 200"), ("lat", np.nan, "lat is 'nan' in row 3")],
)
def test_a_place_that_is_none_is_refused(column, value, message):
    data = places(0)
    data.frame.loc[2, column] = value
    with pytest.raises(TableError, match=message):
        split_table(data, split_of("spatial_blocks"))


def test_a_missing_column_is_named():
    data = places(0)
    with pytest.raises(TableError, match="no column 'lon'"):
        split_table(TabularData(data.frame.drop(columns="lon"), data.roles, data.family), split_of("spatial_blocks"))


@pytest.mark.parametrize("family", [family for family in Family if family.is_tabular])
def test_every_family_has_a_default_that_its_roles_allow(family):
    roles = Roles(time="day", latitude="lat", longitude="lon")
    assert default_split(family, roles).method == METHODS_OF[family][0]
    without = Roles(latitude="lat", longitude="lon")
    if family is Family.FORECASTING:
        with pytest.raises(TableError, match="Forecasting has no time column"):
            default_split(family, without)
    else:
        assert default_split(family, without).method in ("random", "spatial_blocks")
        assert "time" not in methods_for(family, without)
