"""References and what they say of windows at the edges: one value, none, NaN, infinity, what appears and vanishes."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from monitoring.summaries import reference_profile
from monitoring.summaries.rows import Rows
from monitoring.tests.drift.lists import AUDIENCE, TRAINING, asked, compared, counted, made, shop

FEATURES = {"size": "numeric", "kind": "categorical"}


def table(n=2_000, seed=0, **changed):
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        features = {"size": float(random.normal()), "kind": str(random.choice(["a", "b", "c"]))}
        features |= {name: give(random) for name, give in changed.items()}
        rows.append({"value": float(random.normal()), "features": features})
    return rows


PROFILE, CONTEXT = made(table(), training=None, features=FEATURES, people=False)


def verdicts(rows, minimum=500):
    return compared(PROFILE, counted(rows, CONTEXT), minimum)


def test_the_same_again_has_not_moved():
    assert {one.verdict for one in verdicts(table(seed=5)).values()} == {"ok"}


@pytest.mark.parametrize(
    ("name", "give"),
    [
        ("size", lambda random: float(random.normal(0.5))),
        ("size", lambda random: None),
        ("size", lambda random: 3.0),
        ("size", lambda random: "a word"),
        ("kind", lambda random: "never seen" if random.random() < 0.2 else "a"),
    ],
    ids=["mean", "vanished", "all equal", "another type", "unseen category"],
)
def test_a_column_that_moves_is_found_and_no_other(name, give):
    found = verdicts(table(seed=5, **{name: give}))
    assert [one.name for one in found.values() if one.moved] == [f"feature.{name}"]


def test_one_prediction_is_not_enough():
    assert {one.verdict for one in verdicts(table(1)).values()} == {"not_enough"}


def test_a_column_that_appears_is_not_compared():
    counts = counted(table(seed=5, other=lambda random: 1.0), CONTEXT)
    assert "feature.other" not in counts
    assert {one.verdict for one in compared(PROFILE, counts).values()} == {"ok"}


def test_nan_and_infinity_are_apart():
    rows = [{"value": value} for value in [1.0, 2.0, math.nan, math.inf, -math.inf] * 200]
    profile, context = made(rows, training=None)
    bins = context.bins["prediction"]
    counts = np.asarray(profile["signals"]["prediction"]["counts"])
    assert (bins.missing(counts), bins.infinite(counts), bins.compared(counts).sum()) == (200, 400, 400)
    found = compared(profile, counted([{"value": 1.0}, {"value": 2.0}] * 500, context))["prediction"]
    assert found.moved
    assert found.decided_by.statistic in ("missing_share", "infinite_share")


def test_all_equal_values_have_a_bin_of_their_own():
    profile, context = made([{"value": 3.0}] * 1_000, training=None)
    assert not compared(profile, counted([{"value": 3.0}] * 1_000, context))["prediction"].moved
    assert compared(profile, counted([{"value": 3.1}] * 1_000, context))["prediction"].moved


def test_of_nothing_nothing_is_known():
    profile, context = made([])
    assert profile["signals"] == {}
    assert counted(asked(shop(), 3, 1), context).keys() == {"_rows", "_known", "_named"}


def test_a_profile_survives_json():
    profile, context = made(asked(shop(), 1_000, 1))
    again = reference_profile.context("ref", json.loads(json.dumps(profile)))
    assert again == context
    assert reference_profile.training_of(profile) == TRAINING


def test_exposure_follows_the_popularity_of_training():
    profile, context = made(asked(shop(), 2_000, 1))
    groups = context.bins["exposure"].groups
    assert context.bins["exposure"].values == tuple(TRAINING.items)
    assert list(groups) == sorted(groups)
    counts = np.asarray(profile["signals"]["exposure"]["counts"][: max(groups) + 1])
    assert (np.abs(counts / counts.sum() - 1 / len(counts)) < 0.06).all()
    assert sum(AUDIENCE[: context.head - 1]) < sum(AUDIENCE) / 2 <= sum(AUDIENCE[: context.head])


def test_favourites_are_chosen_by_some_users_and_counted_in_others():
    """Lists of pure chance: what leads with those who choose holds no more than its share with the others."""
    random = np.random.default_rng(3)
    rows = [
        {"user": f"u{n}", "history": 3, "items": [f"i{k}" for k in random.permutation(200)[:10]]} for n in range(400)
    ]
    profile, context = made(rows)
    no, yes, _ = profile["signals"]["overlap"]["counts"]
    chance = len(context.favourites) / 200
    assert yes / (no + yes) == pytest.approx(chance, abs=0.04)
    assert chance + 0.04 < 0.5, "with those who chose they hold half"


def test_lists_of_other_lengths_show_the_same():
    rows = shop()
    _, context = made(asked(rows, 2_000, 1))
    longer = {user: row | {"items": row["items"] + ["i199"]} for user, row in rows.items()}
    assert counted(asked(longer, 500, 2), context)["exposure"] == counted(asked(rows, 500, 2), context)["exposure"]


def test_popularity_of_an_unknown_training_is_learnt_from_half_of_the_users():
    profile, context = made(asked(shop(), 2_000, 1), training=None)
    assert profile["items"] == {}
    assert context.items == {}
    assert "new_items" not in profile["signals"]
    found = compared(profile, counted(asked(shop(), 2_000, 2), context))
    assert not any(one.moved for one in found.values())


def test_stretches_are_kept_where_each_has_a_thousand_independent_predictions():
    few, _ = made(asked(shop(), 5_000, 1))
    many, _ = made([{"value": float(n % 7)} for n in range(5_000)], training=None, people=False)
    assert few["signals"]["scores"]["chunks"] == []
    chunks = np.asarray(many["signals"]["prediction"]["chunks"])
    assert len(chunks) == 5
    assert chunks.sum(axis=0).tolist() == many["signals"]["prediction"]["counts"]


def test_failed_requests_and_popularity_lists_are_left_out():
    rows = asked(shop(), 800, 1)
    profile, _ = made(rows)
    broken = [{"user": "u1", "error": "broken"}] * 300
    assert made([*rows, *broken])[0]["signals"] == profile["signals"]
    own = [row for row in rows if not row["fallback"]]
    assert profile["signals"]["scores"]["size"] == len(own)
    assert len(Rows.of(rows)) == 800
