"""Diversity: two ways of adding up the same cosines, and the definition pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.metrics import diversity as module
from experiments.learning.metrics.diversity import diversity, item_vectors
from experiments.learning.metrics.pairs import PairSet
from experiments.tests.metrics.by_hand import cosine, mean

USERS, ITEMS = 40, 30


@pytest.fixture
def world():
    generator = np.random.default_rng(0)
    user, item = np.nonzero(generator.random((USERS, ITEMS)) < np.linspace(0, 0.9, ITEMS))
    lists = np.stack([generator.permutation(ITEMS)[:6] for _ in range(USERS)]).astype(np.int32)
    lists[3, 2:], lists[4, 1:], lists[5] = -1, -1, -1
    return PairSet.of(user, item, ITEMS), lists


def pair_by_pair(train, lists):
    users, items = np.divmod(train.keys, ITEMS)
    users_of = [set(users[items == item].tolist()) for item in range(ITEMS)]
    found = []
    for mine in ([item for item in row if item >= 0] for row in lists.tolist()):
        pairs = [(a, b) for at, a in enumerate(mine) for b in mine[at + 1 :]]
        found.append(mean(1 - cosine(users_of[a], users_of[b]) for a, b in pairs) if pairs else np.nan)
    return found


@pytest.mark.parametrize("most_items", [0, 2000], ids=["by lists", "by pairs where cheaper"])
@pytest.mark.parametrize("terms", [20, 8_000_000], ids=["in many parts", "in one part"])
def test_equals_the_definition_whichever_way_is_taken(world, monkeypatch, most_items, terms):
    train, lists = world
    monkeypatch.setattr(module, "_MOST_ITEMS", most_items)
    monkeypatch.setattr(module, "_TERMS", terms)
    found = diversity(lists, item_vectors(train))
    assert found == pytest.approx(pair_by_pair(train, lists), abs=1e-9, nan_ok=True)


def test_the_table_of_pairs_is_used_where_lists_are_alike(world):
    train, lists = world
    alike = np.tile(lists[:1], (USERS, 1))
    assert diversity(alike, item_vectors(train)) == pytest.approx(pair_by_pair(train, alike), abs=1e-9)


def test_a_list_of_fewer_than_two_items_has_none(world):
    train, lists = world
    assert np.isnan(diversity(lists[4:6], item_vectors(train))).all()


def test_no_lists_at_all(world):
    train, _ = world
    assert diversity(np.empty((0, 5), dtype=np.int32), item_vectors(train)).shape == (0,)
