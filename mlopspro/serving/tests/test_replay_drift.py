"""Each kind of drift does what its name says, as strongly as asked, from when it starts, and nothing before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.synthetic import generate
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TabularData
from mlopspro.serving.replay.drift import ABOUT, Drift, DriftError, Kind, parse
from mlopspro.serving.replay.injection import Injection
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.table_plan import TablePlan

N = 2_000


@pytest.fixture(scope="module")
def lists() -> ListPlan:
    data = generate(seed=5, users=300, items=120, interactions=12_000)
    parts = split(data, SplitSpec(method="time"))
    return ListPlan(data, np.concatenate([parts.train, parts.validation]), parts.test)


@pytest.fixture(scope="module")
def rows() -> TablePlan:
    random = np.random.default_rng(0)
    count = 6_000
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 8, count),
            "shop": random.choice(["a", "b", "c"], count, p=[0.6, 0.3, 0.1]),
            "latitude": random.uniform(50, 51, count),
            "longitude": random.uniform(8, 9, count),
            "sales": random.normal(100, 10, count),
        }
    )
    roles = Roles(target="sales", latitude="latitude", longitude="longitude", numeric=("age",), categorical=("shop",))
    data = TabularData(frame, roles, Family.LOCATION_SCORING)
    return TablePlan(data, np.arange(3_000), np.arange(3_000, count))


def drifted(plan, *asked: str, total: int = N):
    injection = Injection(plan, [parse(text) for text in asked], seed=1, total=total)
    return [injection.applied(plan.request(number)) for number in range(total)]


@pytest.mark.parametrize("kind", [kind for kind, about in ABOUT.items() if about.lists])
def test_nothing_happens_before_the_start_or_after_the_end(lists, kind):
    found = drifted(lists, f"{kind},start=40%,end=60%,strength={ABOUT[kind].highest:g}", total=500)
    on = [number for number, one in enumerate(found) if one.kinds]
    assert on
    assert min(on) >= 200
    assert max(on) < 300
    assert all(one.request == lists.request(number) for number, one in enumerate(found) if not one.kinds)


def test_new_users_are_more_by_the_factor_asked_and_want_what_others_wanted(lists):
    known = {str(lists.interactions.user_ids[code]) for code in lists.interactions.user[lists.learnt]}
    before = np.mean([lists.request(number).user not in known for number in range(len(lists))])
    found = drifted(lists, "new_users,start=0,strength=1.3", total=len(lists))
    after = np.mean([one.request.user not in known for one in found])
    assert after == pytest.approx(1.3 * before, abs=0.03)
    changed = next(number for number, one in enumerate(found) if one.kinds)
    assert found[changed].request.wanted == lists.request(changed).wanted


def test_where_all_users_are_known_a_doubling_makes_a_tenth_new(lists):
    parts = split(lists.interactions, SplitSpec(method="random"))
    plan = ListPlan(lists.interactions, np.concatenate([parts.train, parts.validation]), parts.test)
    assert plan.new_share == 0
    found = drifted(plan, "new_users,start=0,strength=2")
    assert np.mean([one.request.user.startswith("new-") for one in found]) == pytest.approx(0.1, abs=0.02)


def test_popularity_reversed_turns_the_tail_round_for_its_share(lists):
    found = drifted(lists, "popularity_reversed,start=0,strength=0.1")
    assert np.mean([bool(one.kinds) for one in found]) == pytest.approx(0.1, abs=0.02)
    place = {code: at for at, code in enumerate(np.argsort(-lists.popularity, kind="stable"))}

    def mean_place(requests):
        return np.mean([place[lists.codes[item]] for one in requests for item in one.wanted])

    turned = [one.request for one in found if one.kinds]
    usual = [one.request for one in found if not one.kinds]
    assert mean_place(usual) < 0.4 * len(place)
    assert mean_place(turned) > 0.6 * len(place)


def test_taste_shift_moves_a_share_of_the_users_to_other_genres_and_keeps_them_there(lists):
    found = drifted(lists, "taste_shift,start=0,strength=0.3", total=len(lists))
    users = {one.request.user for one in found}
    moved = {one.request.user for one in found if one.kinds}
    assert len(moved) / len(users) == pytest.approx(0.3, abs=0.1)
    assert not moved & {one.request.user for one in found if not one.kinds}
    genres = lists.interactions.items["genres"]

    def of(items):
        return {genre for item in items for genre in genres[lists.codes[item]]}

    for number, one in enumerate(found[:400]):
        if one.kinds:
            before = lists.request(number).wanted
            assert not set(before) & set(one.request.wanted)
            if len(of(before)) <= 2:
                assert not of(before) & of(one.request.wanted)


def test_feature_shift_moves_the_mean_by_so_many_deviations(rows):
    found = drifted(rows, "feature_shift,start=0,strength=0.2,column=age")
    before = np.array([rows.request(number).features["age"] for number in range(N)])
    after = np.array([one.request.features["age"] for one in found])
    deviation = rows.data.frame["age"].to_numpy()[rows.learnt].std()
    np.testing.assert_allclose(after - before, 0.2 * deviation)
    assert found[0].request.truth == rows.request(0).truth


def test_category_shift_moves_so_many_points_from_the_most_frequent_to_the_next(rows):
    found = drifted(rows, "category_shift,start=0,strength=0.1")
    before = pd.Series([rows.request(number).features["shop"] for number in range(N)]).value_counts(normalize=True)
    after = pd.Series([one.request.features["shop"] for one in found]).value_counts(normalize=True)
    assert before["a"] - after["a"] == pytest.approx(0.1, abs=0.025)
    assert after["b"] - before["b"] == pytest.approx(0.1, abs=0.025)
    assert after["c"] == before["c"]


def test_slow_errors_and_noise_are_told_to_whoever_answers(lists):
    found = drifted(lists, "slow,start=0,strength=250", "errors,start=0,strength=0.2", "label_noise,start=0")
    assert {one.troubles.slower_ms for one in found} == {250}
    assert np.mean([one.troubles.fails for one in found]) == pytest.approx(0.2, abs=0.03)
    assert {one.flip for one in found} == {ABOUT[Kind.LABEL_NOISE].default}


def test_the_same_seed_gives_the_same_whatever_came_before(lists):
    asked = "popularity_reversed,start=0,strength=0.5"
    whole = drifted(lists, asked, total=300)
    injection = Injection(lists, [parse(asked)], seed=1, total=300)
    assert [injection.applied(lists.request(number)) for number in range(200, 300)] == whole[200:]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gremlins", "accepted: new_users"),
        ("slow,strength=lots", "strength in --drift"),
        ("errors,strength=1.5", "strength of errors is 1.5; accepted: 0 to 1"),
        ("errors,when=3", "accepted: start="),
        ("errors,column=x", "accepted with feature_shift, category_shift"),
    ],
)
def test_a_drift_that_makes_no_sense_is_refused_in_words(text, words):
    with pytest.raises(DriftError, match=words.replace("(", r"\(")):
        parse(text)


def test_kinds_are_refused_where_they_cannot_happen(lists, rows):
    with pytest.raises(DriftError, match="which a recommender lacks; accepted: new_users"):
        Injection(lists, [Drift.of("feature_shift")], seed=0, total=10)
    with pytest.raises(DriftError, match="which a table lacks; accepted: feature_shift"):
        Injection(rows, [Drift.of("taste_shift")], seed=0, total=10)
    with pytest.raises(DriftError, match="column of feature_shift is 'shoe'; accepted: age"):
        Injection(rows, [Drift.of("feature_shift", column="shoe")], seed=0, total=10)
