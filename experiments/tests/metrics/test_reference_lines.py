"""Reference lines: exact expectation at random, popularity as measured, and a bound no model passes."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.learning.metrics.coverage import ExpectedCoverage
from experiments.learning.metrics.lines import RANKING_METRICS, selection_chance_table
from experiments.tests.metrics import by_hand
from experiments.tests.metrics.scenes import Scene, random_scene, result, scenes

COUNTS = [(relevant, candidates) for candidates in range(1, 8) for relevant in range(1, candidates + 1)]


@pytest.mark.parametrize("k", [1, 2, 5, 10])
@pytest.mark.parametrize("metric", RANKING_METRICS, ids=lambda metric: metric.key)
def test_expectation_and_best_over_all_orders(metric, k):
    for relevant, candidates in COUNTS:
        values = [
            by_hand.values_of_list(list(range(candidates)), set(places), k)[metric.key]
            for places in combinations(range(candidates), relevant)
        ]
        r, c = np.array([relevant]), np.array([candidates])
        assert metric.expected(r, c, k)[0] == pytest.approx(by_hand.mean(values), abs=1e-9), (relevant, candidates)
        assert metric.best(r, c, k)[0] == pytest.approx(max(values), abs=1e-9), (relevant, candidates)


@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize(("relevant", "inside", "outside"), [(1, 1, 3), (2, 3, 2), (1, 4, 0), (2, 2, 4)])
def test_expectation_of_a_segment_over_all_orders(relevant, inside, outside, k):
    """Items 0.. are relevant and of the segment, then irrelevant of the segment, then others."""
    precisions, recalls, gains = [], [], []
    for order in permutations(range(inside + outside)):
        shown = [item for item in order[:k] if item < inside]
        hits = sum(item < relevant for item in shown)
        precisions.append(hits / len(shown) if shown else 0.0)
        recalls.append(hits / relevant)
        gains.append(by_hand.values_of_list(list(order), set(range(relevant)), k)["ndcg"])
    counts = [np.array([number]) for number in (relevant, inside, inside + outside)]
    table = selection_chance_table(*counts, k)
    assert table[f"precision_at_{k}"][0] == pytest.approx(by_hand.mean(precisions), abs=1e-9)
    assert table[f"recall_at_{k}"][0] == pytest.approx(by_hand.mean(recalls), abs=1e-9)
    assert table[f"ndcg_at_{k}"][0] == pytest.approx(by_hand.mean(gains), abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 9])
@pytest.mark.parametrize("seen", [[set(), set()], [{0}, {0, 1}], [{0, 1, 2}, {3}], [{1}, {1}, {1, 2}]])
def test_expected_coverage_over_all_lists(seen, k):
    items = 4
    candidates = [[item for item in range(items) if item not in mine] for mine in seen]
    choices = [list(combinations(mine, min(k, len(mine)))) for mine in candidates]
    shares = [len(set().union(*lists)) / items for lists in product(*choices)]
    coverage = ExpectedCoverage((k,), items)
    for mine, left in zip(seen, candidates, strict=True):  # one block a user
        codes = np.array(sorted(mine), dtype=np.int64)
        coverage.add(np.array([len(left)]), np.zeros(len(codes), dtype=np.int64), codes)
    assert coverage.at(k) == pytest.approx(by_hand.mean(shares), abs=1e-9)
    assert coverage.best(k) == pytest.approx(max(shares), abs=1e-9)


def test_a_random_model_measures_near_the_random_line():
    scene = random_scene(31, users=300, items=200, ratings=12_000)
    generator = np.random.default_rng(5)
    runs = [scene.evaluate(generator.uniform(1, 5, (300, 200)).astype(np.float32)) for _ in range(12)]
    for first in runs[0].metrics:
        if first.random is None or first.users_counted < 100 or first.segment in ("head_items", "tail_items"):
            continue
        measured = [result(run, first.name, first.protocol, first.segment).value for run in runs]
        allowed = 5 * np.std(measured, ddof=1) / np.sqrt(len(runs)) + 1e-6
        if first.protocol == "rated":
            allowed += 0.01  # its cut is chosen on data, and need not be exactly "everything"
        if first.name.startswith("diversity"):
            allowed += 0.005  # the line itself is an estimate from one list of each user
        if first.name.startswith("coverage"):
            allowed += 0.001  # so near to 1 that the runs may all reach it
        if first.name.startswith("f1"):
            allowed += 0.002  # F1 of measured means is a little below F1 of expected means
        assert np.mean(measured) == pytest.approx(first.random, abs=allowed), (
            first.protocol,
            first.segment,
            first.name,
        )


def test_the_popularity_line_is_what_the_popularity_model_measures():
    scene = random_scene(32)
    counts = np.bincount([item for _, item, _ in scene.train], minlength=scene.num_items)
    evaluation = scene.evaluate(np.tile(counts.astype(np.float32), (60, 1)), predicts_ratings=False)
    compared = [metric for metric in evaluation.metrics if metric.users_counted]
    assert len(compared) > 20
    for metric in compared:
        assert metric.popularity == pytest.approx(metric.value, abs=1e-12), (metric.segment, metric.name)


@given(scenes())
def test_no_scorer_passes_the_oracle(scene):
    for metric in scene.evaluate(ks=(1, 3, 20)).metrics:
        if metric.value is None or metric.oracle is None:
            continue
        for reached in (metric.value, metric.random, metric.popularity, metric.everything):
            if reached is not None and metric.higher_is_better:
                assert reached <= metric.oracle + 1e-9, metric
            elif reached is not None:
                assert reached >= metric.oracle - 1e-9, metric


@given(scenes())
def test_the_oracle_is_reached_by_knowing_the_test_part(scene):
    known = np.ones(scene.scores.shape, dtype=np.float32)
    for user, item, value in scene.test:
        known[user, item] = value
    evaluation = scene.evaluate(known, ks=(1, 3, 20), cut=4.0)
    for metric in evaluation.metrics:
        exact = metric.name.split("_at_")[0] in ("precision", "recall", "f1", "ndcg", "map", "mrr", "hit_rate")
        if metric.segment == "all" and exact and metric.value is not None:
            assert metric.value == pytest.approx(metric.oracle, abs=1e-9), metric


@given(scenes())
def test_the_rated_protocol_shows_what_recommending_everything_brings(scene):
    evaluation = scene.evaluate(np.full(scene.scores.shape, 5.0, dtype=np.float32), ks=(20,), cut=5.0)
    for name in ("precision_at_20", "recall_at_20", "f1_at_20"):
        metric = result(evaluation, name, "rated")
        assert metric.everything == pytest.approx(metric.value, abs=1e-9), name  # k is beyond every list here
    assert all(metric.everything is None for metric in evaluation.metrics if metric.protocol != "rated")


def test_attained_is_the_share_between_random_and_oracle():
    scene = random_scene(33)
    for metric in scene.evaluate().metrics:
        if None not in (metric.value, metric.random, metric.oracle) and metric.random != metric.oracle:
            share = (metric.value - metric.random) / (metric.oracle - metric.random)
            assert metric.attained == pytest.approx(share)


@given(st.integers(0, 1000))
def test_the_line_of_ratings_is_the_mean_of_the_item(seed):
    scene = random_scene(seed, users=10, items=12, ratings=50)
    means = {
        item: by_hand.mean(value for _, code, value in scene.train if code == item)
        for item in {row[1] for row in scene.train}
    }
    overall = by_hand.mean(value for *_, value in scene.train)
    errors = [(means.get(item, overall) - value) ** 2 for _, item, value in scene.test]
    found = result(scene.evaluate(), "rmse", "pointwise")
    assert found.popularity == pytest.approx(by_hand.mean(errors) ** 0.5, abs=1e-6)
    assert (found.random, found.oracle, found.attained) == (None, 0.0, None)


def test_no_training_at_all_still_gives_an_evaluation():
    scene = Scene((), (), ((0, 0, 5.0), (1, 1, 4.0)), np.eye(2, 3, dtype=np.float32) + 1, 3)
    evaluation = scene.evaluate(ks=(1,))
    assert result(evaluation, "recall_at_1").value == 1.0
    assert result(evaluation, "rmse", "pointwise").popularity is None
