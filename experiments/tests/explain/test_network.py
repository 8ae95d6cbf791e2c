"""The hybrid's score in parts: they sum to it, and what the tower shares is the Shapley value by brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from experiments.learning.explain.feature_groups import OTHERS, feature_groups
from experiments.learning.explain.network import MOST_GROUPS, FeatureGroup, split_network
from experiments.learning.recommenders.scorers.network import NetworkScorer


def scorer_of(seed, users=9, items=11, size=4, of_user=3, of_item=5, spread=0.6):
    generator = np.random.default_rng(seed)
    shapes = {
        "user_embedding": (users, size),
        "item_embedding": (items, size),
        "user_features": (users, of_user),
        "item_features": (items, of_item),
        "user_bias": (users,),
        "item_bias": (items,),
        "dense_1_kernel": (2 * size + of_item + of_user, 16),
        "dense_1_bias": (16,),
        "dense_2_kernel": (16, 8),
        "dense_2_bias": (8,),
        "output_kernel": (8, 1),
        "output_bias": (1,),
    }
    arrays = {name: generator.normal(0, spread, shape).astype(np.float32) for name, shape in shapes.items()}
    return NetworkScorer(arrays, offset=3.5)


def all_pairs(scorer):
    return tuple(axis.ravel().astype(np.int32) for axis in np.indices((scorer.num_users, scorer.num_items)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("baseline", ["mean", "zero"])
def test_parts_sum_to_the_score(seed, baseline):
    scorer = scorer_of(seed, size=1 + seed % 7, of_user=seed % 3, of_item=seed % 4)
    users, items = all_pairs(scorer)
    split = split_network(scorer, users, items, baseline=baseline)
    assert np.abs(split.total() - scorer.score_pairs(users, items)).max() < 1e-5
    assert np.sum(list(split.by_kind().values()), axis=0) == pytest.approx(split.total(), abs=1e-9)
    assert ("content" in split.by_kind()) is bool(seed % 3 or seed % 4)


def answer(scorer, p, q, item_features, user_features):
    x = np.concatenate([p, q, item_features, user_features])
    x = np.maximum(x @ scorer.dense_1_kernel + scorer.dense_1_bias, 0)
    x = np.maximum(x @ scorer.dense_2_kernel + scorer.dense_2_bias, 0)
    return float((x @ scorer.output_kernel)[0] + scorer.output_bias[0])


@pytest.mark.parametrize("baseline", ["mean", "zero"])
def test_two_players_get_their_mean_over_both_orders_of_coming(baseline):
    scorer = scorer_of(3)
    user, item = 2, 7
    tables = [scorer.user_embedding, scorer.item_embedding, scorer.item_features, scorer.user_features]
    here = [table[code].astype(float) for table, code in zip(tables, (user, item, item, user), strict=True)]
    absent = [table.mean(axis=0, dtype=float) if baseline == "mean" else np.zeros(table.shape[1]) for table in tables]

    def worth(players):
        chosen = [
            here[place] if player in players else absent[place]
            for place, player in enumerate(("embeddings", "embeddings", "features", "features"))
        ]
        inner = float(chosen[0] @ chosen[1])
        return inner + answer(scorer, *chosen)

    shares = {"embeddings": 0.0, "features": 0.0}
    for order in permutations(shares):
        for place, player in enumerate(order):
            shares[player] += (worth(order[: place + 1]) - worth(order[:place])) / 2
    codes = np.array([user], np.int32), np.array([item], np.int32)
    found = split_network(scorer, *codes, baseline=baseline).by_kind()
    assert found["collaborative"][0] == pytest.approx(shares["embeddings"], abs=1e-5)
    assert found["content"][0] == pytest.approx(shares["features"], abs=1e-5)
    biases = worth(()) + scorer.offset + scorer.user_bias[user] + scorer.item_bias[item]
    assert found["bias"][0] == pytest.approx(biases, abs=1e-5)


def test_groups_of_features_divide_what_the_features_have_and_change_nothing_else():
    scorer = scorer_of(5)
    users, items = all_pairs(scorer)
    finer = [
        FeatureGroup("age", "user", (0, 2)),
        FeatureGroup("gender", "user", (1,)),
        FeatureGroup("genres", "item", (0, 1, 4)),
        FeatureGroup("year", "item", (2, 3)),
    ]
    coarse, fine = split_network(scorer, users, items), split_network(scorer, users, items, groups=finer)
    for kind, values in coarse.by_kind().items():
        assert fine.by_kind()[kind] == pytest.approx(values, abs=1e-9)
    assert [part.label for part in fine.parts if part.kind == "content"] == ["age", "gender", "genres", "year"]


def test_a_feature_that_says_nothing_gets_nothing():
    scorer = scorer_of(8)
    scorer.dense_1_kernel[-1] = 0
    users, items = all_pairs(scorer)
    groups = [FeatureGroup("used", "user", (0, 1)), FeatureGroup("idle", "user", (2,))]
    found = split_network(scorer, users, items, groups=[*groups, FeatureGroup("item", "item", range(5))])
    idle = next(part for part in found.parts if part.label == "idle")
    assert np.abs(idle.values).max() < 1e-12


def test_the_average_leaves_out_those_whom_training_never_met():
    scorer = scorer_of(9)
    scorer.user_embedding[0] = 0
    met = scorer.user_embedding[1:].mean(axis=0, dtype=float)
    codes = np.array([4], np.int32), np.array([4], np.int32)
    inner = split_network(scorer, *codes).parts[0].values[0]
    own = scorer.user_embedding[4].astype(float) @ scorer.item_embedding[4].astype(float)
    assert inner == pytest.approx(own - met @ scorer.item_embedding.mean(axis=0, dtype=float), abs=1e-9)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([FeatureGroup("some", "user", (0,)), FeatureGroup("items", "item", range(5))], "user columns"),
        ([FeatureGroup("users", "user", range(3)), FeatureGroup("items", "item", (0, 0, 1, 2, 3))], "item columns"),
        ([FeatureGroup(str(n), "user", ()) for n in range(9)], "at most 8"),
    ],
)
def test_groups_that_do_not_divide_the_columns_are_refused(groups, said):
    scorer = scorer_of(0)
    with pytest.raises(ValueError, match=said):
        split_network(scorer, *all_pairs(scorer), groups=groups)


def test_columns_of_one_source_are_one_group_and_never_too_many():
    found = feature_groups(("age", "gender: F", "gender: M"), ("genres: War", "popularity", "genres: Noir"))
    assert [(group.name, tuple(group.columns)) for group in found] == [
        ("User: age", (0,)),
        ("User: gender", (1, 2)),
        ("Item: genres", (0, 2)),
        ("Item: popularity", (1,)),
    ]
    many = feature_groups([f"u{n}" for n in range(9)], [f"i{n}" for n in range(9)])
    assert len(many) == MOST_GROUPS
    assert sorted(c for g in many if g.side == "item" for c in g.columns) == list(range(9))
    assert sorted(c for g in many if g.side == "user" for c in g.columns) == list(range(9))
    assert any(OTHERS in group.name for group in many)
