"""Predictions of the same user weigh less than those of as many users: sketches and design effects by brute force."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from monitoring.summaries import repeats
from monitoring.summaries.list_effects import effect_of_lists
from monitoring.summaries.weights import Weights, design_effect
from monitoring.tests.drift.lists import asked, compared, counted, made, shop


def exact(there: Counter[str], here: Counter[str]) -> float:
    n, m = there.total(), here.total()
    return sum((here[user] / m - there[user] / n) ** 2 for user in there | here)


def weights(users: Counter[str], **more) -> Weights:
    sketch = repeats.sketch(pa.array(list(users.elements())))
    return Weights(known=users.total(), known_users=sketch, **more)


def some_users(seed, n=3_000):
    """A few ask most of the time; other ones with each seed."""
    random = np.random.default_rng(seed)
    return Counter(f"u{(number + 7 * seed) % 500}" for number in random.zipf(1.6, n))


def test_sketches_say_what_users_weigh():
    ratios = []
    for seed in range(20):
        there, here = some_users(seed), some_users(seed + 100)
        found = design_effect("scores", weights(there), weights(here), (3_000, 3_000))
        ratios.append(found / (exact(there, here) / (2 / 3_000)))
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
    assert np.std(ratios) < 0.15


def test_sketches_add_up():
    one, two = some_users(1), some_users(2)
    both = repeats.sketch(pa.array([*one.elements(), *two.elements()]))
    parts = [repeats.sketch(pa.array(list(users.elements()))) for users in (one, two)]
    assert {at: n for at, n in both.items() if n} == {
        at: n for at in parts[0].keys() | parts[1].keys() if (n := parts[0].get(at, 0) + parts[1].get(at, 0))
    }


def test_the_same_users_as_before_weigh_nothing_and_others_all_they_are():
    users = Counter({f"u{n}": 10 for n in range(300)})
    others = Counter({f"v{n}": 10 for n in range(300)})
    assert design_effect("scores", weights(users), weights(users), (3_000, 3_000)) == 1
    assert design_effect("scores", weights(users), weights(others), (3_000, 3_000)) == pytest.approx(10, rel=0.2)
    assert weights(users).independent == pytest.approx(300, rel=0.2)


def test_shops_count_one_by_one():
    users = Counter({"shop": 5_000})
    one = weights(users, people=False)
    assert design_effect("prediction", one, one, (5_000, 5_000)) == 1
    assert one.independent == 5_000


def test_predictions_of_nobody_known_are_of_different_people():
    assert Weights(unknown=700).independent == 700
    assert design_effect("scores", Weights(unknown=700), Weights(unknown=700), (700, 700)) == pytest.approx(1)


def test_many_strangers_are_many_though_regulars_are_few():
    regulars = Counter({f"u{n}": 100 for n in range(45)})
    strangers = repeats.sketch(pa.array([f"n{n}" for n in range(500)]))
    there = weights(Counter({f"u{n}": 100 for n in range(50)}))
    here = Weights(4_500, 500, 0, repeats.sketch(pa.array(list(regulars.elements()))), strangers)
    of_strangers = design_effect("new_users", there, here, (5_000, 5_000))
    assert of_strangers < 3
    one_stranger = Weights(4_500, 500, 0, here.known_users, {"1": 500})
    assert design_effect("new_users", there, one_stranger, (5_000, 5_000)) > 50 * of_strangers


def test_lists_that_are_all_alike_inside_count_as_one_place():
    row = np.repeat(np.arange(200), 10)
    alike = np.repeat(np.arange(200) % 4, 10)
    mixed = np.tile(np.arange(10) % 2, 200)
    assert effect_of_lists(alike, row, row, ordered=True) == pytest.approx(10, rel=0.05)
    assert effect_of_lists(mixed, row, row, ordered=True) == 1
    random = np.random.default_rng(1).integers(0, 5, 2_000)
    assert effect_of_lists(random, row, row, ordered=False) == pytest.approx(1, abs=0.2)


def test_no_false_alarm_where_few_users_ask_often_and_none_where_they_come_back():
    """Forty checks of lists of heavy users, who are other people each time, and of the same shop again."""
    profile, context = made(asked(shop(seed=1), 3_000, 1))
    alarms = 0
    for seed in range(20):
        same = counted(asked(shop(seed=1), 2_000, seed + 10), context)
        others = {f"x{user}": row | {"user": f"x{user}"} for user, row in shop(seed=seed + 50).items()}
        alarms += any(one.moved for one in compared(profile, same).values())
        alarms += any(one.moved for one in compared(profile, counted(asked(others, 2_000, seed), context)).values())
    assert alarms == 0


def test_drift_among_regulars_is_seen():
    rows = shop(seed=1)
    profile, context = made(asked(rows, 5_000, 1))
    moved = {user: row | {"scores": [row["scores"][0] + 0.3, 1.0]} for user, row in rows.items()}
    found = compared(profile, counted(asked(moved, 5_000, 2), context))
    assert [name for name, one in found.items() if one.moved] == ["scores"]
