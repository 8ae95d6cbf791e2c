"""The replay is the product's: it never looks ahead, counts by hand agree, and the policy pays on known drift."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.tests import realdata
from retraining.drill.ease import ease
from retraining.drill.engine import replay
from retraining.drill.interval import recovered_interval
from retraining.drill.measures import Day, measure, quality
from retraining.drill.real import quietest, stream_of
from retraining.drill.report import drill, usual
from retraining.drill.strategies import Every, Ours
from retraining.drill.stream import Answer, Compose, Ints, Rows, Stream
from retraining.drill.synthetic import World, synthetic

WORLD = World(users=250, items=120, days=84)


def test_a_day_by_hand() -> None:
    stream = Stream("hand", np.array([0, 0, 0, 1]), np.array([1, 2, 7, 3]), np.array([1, 1, 0, 1], bool),
                    np.array([0.1, 0.2, 0.3, 0.4]), 2, 20)  # fmt: skip
    lists = np.array([[5, 1, 6, 2, 8, 9, 10, 11, 12, 13], [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]])
    day = measure(stream, 0, lists, np.array([0, 1]), 0, 4)
    ndcg = (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert day == Day(0, 2, pytest.approx(ndcg), 0.2, 1.0, 2, 20, 3, 40)
    found = quality([day])
    assert found.ndcg_at_10 == pytest.approx(ndcg / 2)
    assert found.f1_at_10 == pytest.approx(2 * 0.1 * 0.5 / 0.6)
    assert found.cost_per_1000 == pytest.approx(1000 * (10 * 18 + 50 * 1) / 40)
    assert quality([]).ndcg_at_10 is None


def test_no_version_learns_from_what_comes_after_it() -> None:
    stream, seen = synthetic("steady", World(users=30, items=40, days=20)), []

    def fit(rows: Rows) -> Answer:
        seen.append(len(rows.user))

        def answer(users: Ints, k: int) -> Ints:
            return np.tile(np.arange(k), (len(users), 1))

        return answer

    made = replay(stream, fit, Every(3, "every third"), 8)
    assert [one.day for one in made.retrainings] == [11, 14, 17]
    assert seen == [int((stream.day < day).sum()) for day in (8, 11, 14, 17)]
    assert [one.day for one in made.days] == list(range(8, 20))


def test_weights_fade_and_seen_items_are_left_out() -> None:
    stream = Stream("two", np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), np.array([1, 1, 1, 0], bool),
                    np.array([0.0, 1.0, 2.0, 3.0]), 2, 12)  # fmt: skip
    rows = Compose(half_life_days=2.0).rows(stream, 4.0)
    assert rows.weight.tolist() == pytest.approx([0.25, 0.5**1.5, 0.5])
    assert rows.seen_item.tolist() == [0, 1, 0, 2]
    lists = ease(1.0)(rows)(np.array([0, 1]), 10)
    assert not set(lists[0].tolist()) & {0, 1}
    assert not set(lists[1].tolist()) & {0, 2}
    assert Compose().rows(stream, 2.0).weight.tolist() == [1.0, 1.0]


def test_on_drift_the_policy_recovers_nearly_all_with_few_retrainings() -> None:
    stream = synthetic("new_items", WORLD)
    found = drill(stream, ease(), 28, compose=Compose(14.0))
    ours = found.of("ours")
    assert found.gap is not None
    assert found.gap > 0.05
    assert ours.recovered is not None
    assert ours.recovered >= 0.9
    assert len(ours.retrainings) <= 0.25 * len(found.of("daily").retrainings) + 1
    assert ours.delays[0] is not None
    assert ours.delays[0] <= 3
    assert (ours.false_alarms, found.of("weekly").delays) == (0, (None,))
    shown = json.loads(json.dumps(found.to_json()))
    assert [one["strategy"] for one in shown["outcomes"]] == ["never", "weekly", "daily", "ours"]
    assert sum(one["lists"] for one in shown["outcomes"][0]["line"]) == ours.lists


def test_on_steady_data_it_retrains_as_the_schedule_says() -> None:
    ours = Ours()
    made = replay(synthetic("steady", WORLD), ease(), ours, 28, Compose(14.0))
    assert {one.why for one in made.retrainings} == {"schedule"}
    assert [one.day for one in made.retrainings] == [29, 36, 43, 50, 57, 64, 71, 78]
    assert len(ours.decisions) == 55


def test_two_replays_are_the_same() -> None:
    world = World(users=60, items=40, days=40)
    results = [drill(synthetic("taste_change", world), ease(), 20).to_json() for _ in range(2)]
    assert results[0] == results[1]


def test_real_columns_become_a_stream() -> None:
    made = stream_of("small", ["b", "a"], [9, 4], [86_400.0 * 3, 86_400.0], [True, False])
    assert (made.user.tolist(), made.item.tolist(), made.day.tolist()) == (
        [0, 1],
        [0, 1],
        pytest.approx([11 / 12, 35 / 12]),
    )
    assert made.liked.tolist() == [False, True]
    assert (made.days, made.until(1.0)) == (3, 1)
    with pytest.raises(ValueError, match="seconds: a vector of moments"):
        stream_of("none", [], [], [], [])
    with pytest.raises(ValueError, match="warm_up_days: 1 to 2 are accepted, got 3"):
        replay(made, ease(), Every(None, "never"), 3)
    with pytest.raises(ValueError, match="kind: steady, popularity_reversal"):
        synthetic("wild")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="in order of time"):
        Stream("back", np.zeros(2, int), np.zeros(2, int), np.ones(2, bool), np.array([1.0, 0.0]), 1, 1)


def test_a_day_ends_when_fewest_come() -> None:
    hours = np.array([18, 19, 20, 21, 22, 23, 24, 25, 26, 8, 12, 14, 32 + 24])
    seconds = hours * 3600.0 + 1800
    assert quietest(seconds) == 4 * 3600, "3, 4 and 5 o'clock are the first three hours in which nobody comes"
    made = stream_of("evenings", hours * 0, hours * 0, seconds, hours > 0)
    evening = np.floor(made.day[np.sort(hours) < 30]) == 0
    assert evening.all(), "a visit through midnight is of one day"
    assert made.days == 3


def test_the_interval_of_what_is_recovered_is_that_of_users_drawn_again() -> None:
    stream = synthetic("new_items", World(users=80, items=60, days=42, warm_up_days=14))
    never, weekly, daily = (replay(stream, ease(), one, 14, Compose(14.0)) for one in usual()[:3])
    found = recovered_interval(weekly, never, daily, draws=400)
    assert found is not None
    sums = {}
    for name, one in {"never": never, "weekly": weekly, "daily": daily}.items():
        for day in one.days:
            assert sum(day.ndcg_of_each) == pytest.approx(day.ndcg)
            for user, value in zip(day.users.tolist(), day.ndcg_of_each.tolist(), strict=True):
                sums[name, user] = sums.get((name, user), 0.0) + value
    rng, users, shares = np.random.default_rng(5), sorted({user for _, user in sums}), []
    for _ in range(400):
        drawn = rng.choice(users, len(users))
        a, b, c = (sum(sums[name, user] for user in drawn.tolist()) for name in ("never", "weekly", "daily"))
        shares.append((b - a) / (c - a))
    assert found == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.03)
    assert recovered_interval(never, never, never) is None, "no gap"


def test_new_users_are_seen_by_the_policy_and_regulars_are_not() -> None:
    for kind, seen in (("new_users", True), ("steady", False)):
        stream = synthetic(kind, World(users=200, items=60, days=56, warm_up_days=28))  # type: ignore[arg-type]
        made = replay(stream, ease(), Ours(), 28, Compose(14.0))
        assert any(one.why == "data" for one in made.retrainings) == seen


@pytest.mark.realdata
def test_movielens_is_replayed_by_its_timestamps() -> None:
    user, item, rating, moment = np.loadtxt(realdata.folder("ml-100k") / "u.data", np.int64, unpack=True)
    stream = stream_of("MovieLens 100k", user, item, moment, rating >= 4)
    found = drill(
        stream, ease(300.0), 170, strategies=[Every(None, "never"), Every(14, "each fortnight")], drifts_known=False
    )
    never, often = found.of("never"), found.of("each fortnight")
    assert never.lists == often.lists > 300
    assert never.false_alarms is None
    assert often.ndcg_at_10 > never.ndcg_at_10
