"""The cut maximises F1 on the validation part: no other cut does better."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiments.learning.metrics.rated import choose_cut, rated_lists
from experiments.tests.metrics import by_hand

ratings = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 30), st.booleans(), st.sampled_from([1.5, 3.0]) | st.floats(1, 5)),
    min_size=1,
    max_size=40,
)


def f1_at(rows, cut, k):
    """F1 of mean precision and mean recall over users with a relevant item."""
    predictions = [(user, item, 5.0 if relevant else 1.0, estimate) for user, item, relevant, estimate in rows]
    precisions, recalls = by_hand.precision_recall_at_k(predictions, k, 4.0, cut)
    counted = {user for user, _, relevant, _ in rows if relevant}
    return by_hand.f1(by_hand.mean(precisions[u] for u in counted), by_hand.mean(recalls[u] for u in counted))


def lists_of(rows, k):
    user, item, relevant, prediction = (np.array(column) for column in zip(*rows, strict=True))
    return rated_lists(user, item, relevant, prediction, k, (1.0, 5.0))


@given(ratings, st.sampled_from([1, 3, 10]))
@example([(0, 0, True, 1.0000000000000002), (0, 1, False, 1.0)], 3)  # nothing lies between these two
def test_no_other_cut_reaches_a_higher_f1(rows, k):
    rows = list({(row[0], row[1]): row for row in rows}.values())
    if not any(row[2] for row in rows):
        assert choose_cut(lists_of(rows, k), 1.0, fallback=4.0).value == 4.0
        return
    cut = choose_cut(lists_of(rows, k), 1.0, fallback=4.0)
    assert cut.chosen_on == "validation"
    assert cut.f1 == pytest.approx(f1_at(rows, cut.value, k), abs=1e-9)
    for other in {row[3] for row in rows} | {1.0, 5.1}:
        assert f1_at(rows, other, k) <= cut.f1 + 1e-9


def test_a_scorer_without_knowledge_recommends_everything():
    generator = np.random.default_rng(0)
    rows = [
        (user, item, bool(generator.random() < 0.5), float(generator.uniform(1, 5)))
        for user in range(300)
        for item in range(8)
    ]
    assert choose_cut(lists_of(rows, 10), 1.0, fallback=4.0).value < 1.5


def test_the_cut_lies_between_predictions():
    rows = [(0, 0, True, 4.5), (0, 1, False, 3.5), (1, 0, True, 4.5), (1, 2, False, 3.5)]
    assert choose_cut(lists_of(rows, 10), 1.0, fallback=4.0).value == pytest.approx(4.0)
