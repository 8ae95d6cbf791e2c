"""What answering needs beyond the scorer, held against sets and sorting in plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.synthetic import generate
from experiments.learning.recommenders.catalogue import Catalogue, Texts
from experiments.learning.recommenders.scorers.errors import ScorerError


@pytest.fixture(scope="module")
def made():
    interactions = generate(users=40, items=25, interactions=400, seed=3)
    parts = split(interactions, SplitSpec(seed=1))
    built = Catalogue.of(interactions, parts, 4.0)
    return interactions, parts, Catalogue.load(built.arrays(), built.metadata())


def test_seen_and_history_are_those_of_the_parts(made):
    interactions, parts, catalogue = made
    learnt = Counter(interactions.user[parts.train].tolist())
    for user in range(interactions.num_users):
        rows = np.concatenate([parts.train, parts.validation])
        seen = {int(interactions.item[row]) for row in rows if interactions.user[row] == user}
        assert catalogue.seen(user).tolist() == sorted(seen)
        assert catalogue.history[user] == learnt[user]


def test_popularity_counts_users_and_ties_go_to_the_first(made):
    interactions, parts, catalogue = made
    audience = Counter(
        item for _, item in {(int(interactions.user[r]), int(interactions.item[r])) for r in parts.train}
    )
    expected = sorted(range(interactions.num_items), key=lambda item: (-audience[item], item))
    assert catalogue.popular.tolist() == expected
    assert catalogue.popular_users.tolist() == [audience[item] for item in expected]


def test_ids_titles_and_scale_come_back(made):
    interactions, _, catalogue = made
    assert list(catalogue.item_ids) == interactions.item_ids.tolist()
    assert [catalogue.title(item) for item in range(interactions.num_items)] == interactions.titles().tolist()
    assert (catalogue.scale, catalogue.relevant_from) == (interactions.scale, 4.0)
    assert set(catalogue.examples()) <= set(interactions.user_ids.tolist())


@given(st.lists(st.text(max_size=8), unique=True, max_size=40), st.text(max_size=8))
def test_sorted_texts_are_found_and_others_are_not(texts, asked):
    texts = sorted(texts)
    packed = Texts.packed("user", texts)
    assert [packed.find(text) for text in texts] == list(range(len(texts)))
    assert packed.find(asked) == (texts.index(asked) if asked in texts else None)


@given(
    scores=st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    seen=st.sets(st.integers(0, 29)),
    n=st.integers(1, 40),
)
def test_the_best_unseen_are_those_of_a_full_sort(scores, seen, n):
    seen = sorted(item for item in seen if item < len(scores))
    count = len(scores)
    catalogue = Catalogue(
        user_ids=Texts.packed("user", ["u"]), item_ids=Texts.packed("item", [f"{i:02}" for i in range(count)]),
        titles=None, seen_start=np.array([0, len(seen)]), seen_item=np.array(seen, np.int32),
        history=np.ones(1, np.int32), popular=np.arange(count, dtype=np.int32),
        popular_users=np.zeros(count, np.int32), scale=None, relevant_from=None,
    )  # fmt: skip
    expected = sorted((item for item in range(count) if item not in seen), key=lambda item: (-scores[item], item))[:n]
    assert catalogue.best(np.array(scores, np.float32), 0, n).tolist() == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seen_start", np.array([0, 5])),
        ("seen_item", np.full(3, 99, np.int32)),
        ("popular", np.full(25, -1, np.int32)),
        ("history", np.zeros(3, np.int32)),
        ("user_start", np.arange(41) * 2),
    ],
)
def test_arrays_that_do_not_fit_are_refused(made, name, value):
    _, _, catalogue = made
    with pytest.raises(ScorerError):
        Catalogue.load({**catalogue.arrays(), name: value}, catalogue.metadata())
    with pytest.raises(ScorerError):
        Catalogue.load(catalogue.arrays(), {"format": "0"})
