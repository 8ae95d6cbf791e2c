"""What a replay asks for and when: the held-out part in its order, with what each user really wanted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.interactions import Interactions
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.synthetic import generate
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TabularData
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.pace import Pace, parse_rate
from mlopspro.serving.replay.table_plan import TablePlan


@pytest.fixture(scope="module")
def ratings() -> Interactions:
    return generate(seed=3, users=80, items=50, interactions=2_000)


def plan_of(ratings: Interactions, method="time", **options) -> ListPlan:
    parts = split(ratings, SplitSpec(method=method))
    return ListPlan(ratings, np.concatenate([parts.train, parts.validation]), parts.test, **options)


def test_requests_come_in_the_order_of_time_and_from_the_held_out_part_alone(ratings):
    plan = plan_of(ratings)
    parts = split(ratings, SplitSpec(method="time"))
    expected = sorted(ratings.timestamp[parts.test])
    assert [plan.request(number).offset for number in range(len(plan))] == [moment - expected[0] for moment in expected]
    rows = pd.DataFrame({"user": ratings.user_ids[ratings.user[parts.test]], "at": ratings.timestamp[parts.test]})
    asked = pd.DataFrame({"user": [plan.request(number).user for number in range(len(plan))]})
    assert sorted(asked["user"]) == sorted(rows["user"])


def test_wanted_are_the_users_held_out_items_with_their_ratings(ratings):
    plan = plan_of(ratings)
    held = set(plan.rows.tolist())
    for number in (0, 7, len(plan) - 1):
        request = plan.request(number)
        expected = {
            str(ratings.item_ids[ratings.item[row]]): float(ratings.value[row])
            for row in held
            if ratings.user_ids[ratings.user[row]] == request.user
        }
        assert dict(request.wanted) == expected


def test_later_leaves_out_what_is_over(ratings):
    plan = plan_of(ratings, truth="later")
    number = len(plan) // 2
    request = plan.request(number)
    moment = plan.seconds[number]
    still = {
        str(ratings.item_ids[ratings.item[row]])
        for row, at in zip(plan.rows, plan.seconds, strict=True)
        if at >= moment and ratings.user_ids[ratings.user[row]] == request.user
    }
    assert set(request.wanted) == still


def test_a_second_pass_asks_the_same_a_span_of_time_later(ratings):
    plan = plan_of(ratings)
    first, again = plan.request(5), plan.request(5 + len(plan))
    assert again.user == first.user
    assert again.offset == pytest.approx(first.offset + plan.span + 1)


def test_data_without_times_is_asked_in_its_own_order_a_second_apart(ratings):
    timeless = Interactions(**{**ratings.__dict__, "timestamp": None})
    plan = plan_of(timeless, "random")
    assert [plan.request(number).offset for number in range(4)] == [0, 1, 2, 3]


def test_nothing_held_out_is_refused(ratings):
    with pytest.raises(ValueError, match="no held-out"):
        ListPlan(ratings, np.arange(len(ratings)), np.empty(0, np.int64))


def table() -> TabularData:
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-04"]),
            "price": [3.0, 1.0, 2.0, np.nan],
            "sold": [30.0, 10.0, 20.0, 40.0],
            "shop": ["a", "b", "a", "c"],
            "unused": [1, 2, 3, 4],
        }
    )
    roles = Roles(time="day", price="price", quantity="sold", categorical=("shop",))
    return TabularData(frame, roles, Family.PRICING)


def test_rows_of_a_table_come_in_time_order_with_their_truth_apart():
    plan = TablePlan(table(), np.array([0]), np.array([0, 1, 2, 3]))
    found = [plan.request(number) for number in range(4)]
    assert [one.truth for one in found] == [10, 20, 30, 40]
    assert found[0].features == {"day": "2024-01-01T00:00:00", "price": 1.0, "shop": "b"}
    assert found[3].features["price"] is None
    assert found[1].offset == 86_400


def test_pace_in_the_datas_rhythm_evenly_or_at_once():
    assert Pace(speed=60).seconds(5, 3_600) == 60
    assert Pace(rate=50).seconds(100, 3_600) == 2
    assert Pace().seconds(100, 3_600) == 0


@pytest.mark.parametrize(("text", "expected"), [("50/s", 50), ("600/min", 10), ("3600/h", 1), ("2.5", 2.5)])
def test_rates_as_people_write_them(text, expected):
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["fast", "0/s", "-3", "5/day", ""])
def test_a_rate_that_is_none_is_refused_with_its_value(text):
    with pytest.raises(ValueError, match="accepted: such as 50/s"):
        parse_rate(text)


def test_two_paces_are_refused():
    with pytest.raises(ValueError, match="one of them"):
        Pace(speed=2, rate=2)
