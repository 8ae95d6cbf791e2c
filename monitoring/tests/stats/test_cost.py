"""Cost of errors follows D3; the best length is that of trying every one."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import multilabel_confusion_matrix

from monitoring.stats.cost import Confusion, Prices, best_length, confusion_of, cost_of, cost_of_numbers


def test_the_formula_by_hand() -> None:
    counts = Confusion(tp=30, fp=70, fn=20, tn=880)
    cost = cost_of(counts, Prices(), lists=10)
    assert (cost.false_positives, cost.false_negatives, cost.total) == (700, 1000, 1700)
    assert (cost.per_1000, cost.per_list, cost.per_1000_lists) == (1700, 170, 170_000)
    assert counts.fp_rate == pytest.approx(70 / 950)
    assert counts.fn_rate == pytest.approx(20 / 50)
    assert cost_of(counts, Prices(1, 2)).total == 110
    assert cost_of(counts + counts, Prices(), lists=20).per_1000 == cost.per_1000


def test_nothing_decided_has_no_rate() -> None:
    none = Confusion(0, 0, 0, 0)
    cost = cost_of(none, Prices())
    assert (none.fp_rate, none.fn_rate, cost.per_1000, cost.per_list, cost.per_1000_lists, cost.total) == (
        None, None, None, None, None, 0,
    )  # fmt: skip


def test_numbers_cost_by_unit_of_error() -> None:
    cost = cost_of_numbers(over=30, under=10, n=20, price_over=1, price_under=5)
    assert (cost.false_positives, cost.false_negatives, cost.per_1000) == (30, 50, 4000)
    assert cost_of_numbers(0, 0, 0, 1, 1).per_1000 is None


def test_classes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    answered, true = rng.choice(list("abc"), 500), rng.choice(list("abcd"), 500)
    pairs: dict[str, dict[str, int]] = {}
    for one, two in zip(answered, true, strict=True):
        pairs.setdefault(str(one), {}).setdefault(str(two), 0)
        pairs[str(one)][str(two)] += 1
    each = multilabel_confusion_matrix(true, answered, labels=list("abcd"))
    for place, label in enumerate("abcd"):
        tn, fp, fn, tp = each[place].ravel()
        assert confusion_of(pairs, label) == Confusion(tp, fp, fn, tn)
    tn, fp, fn, tp = each.sum(axis=0).ravel()
    assert confusion_of(pairs) == Confusion(tp, fp, fn, tn)
    with pytest.raises(ValueError, match="a, b, c, d"):
        confusion_of(pairs, "z")


def test_the_best_length_is_found_by_trying_all() -> None:
    rng = np.random.default_rng(1)
    relevant = rng.random((300, 12)) < np.linspace(0.6, 0.02, 12)
    missed = 150
    total = relevant.sum() + missed
    found = best_length(np.full(12, 300), relevant.sum(0), total, 300, Prices())
    tried = [
        cost_of(Confusion(hits, 300 * k - hits, total - hits, 0), Prices(), 300).per_list
        for k in range(13)
        for hits in [int(relevant[:, :k].sum())]
    ]
    assert found.costs == pytest.approx(tried)
    assert (found.best, found.best_cost) == (1 + int(np.argmin(tried[1:])), pytest.approx(min(tried[1:])))
    assert 0 < found.best < 12
    assert best_length([300], [0], 10, 300, Prices()).best == 1  # no list at all is no length
    assert best_length([], [], 0, 1, Prices()).costs.tolist() == [0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Prices(-1), "false_positive: a price of at least 0"),
        (lambda: Prices(1, float("nan")), "false_negative: a price"),
        (lambda: Confusion(1, -1, 0, 0), "at least 0"),
        (lambda: cost_of_numbers(-1, 0, 1, 1, 1), "at least 0"),
        (lambda: best_length([1], [2], 2, 1, Prices()), "up to the items shown"),
        (lambda: best_length([1, 2], [1], 2, 1, Prices()), "as many places"),
        (lambda: best_length([1], [1], 0, 1, Prices()), "at least the 1"),
        (lambda: best_length([1], [1], 1, 0, Prices()), "more than 0"),
    ],
)
def test_impossible_counts_and_prices_are_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
