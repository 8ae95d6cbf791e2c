"""The catalogue protocol against its definition written a second time, on any small world."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from experiments.tests.metrics import by_hand
from experiments.tests.metrics.scenes import Scene, random_scene, result, scenes


@given(scenes())
def test_every_metric_equals_its_plain_definition(scene):
    ks = (1, 3, 20)
    evaluation = scene.evaluate(ks=ks)
    expected = by_hand.catalogue(scene, ks) | by_hand.beyond_accuracy(scene, 1)
    for name, value in expected.items():
        assert result(evaluation, name).value == pytest.approx(value, abs=1e-9), name
    counted = len(by_hand.catalogue_lists(scene))
    found = result(evaluation, "recall_at_3")
    assert (found.users_counted, found.users_left_out) == (counted, len({row[0] for row in scene.test}) - counted)


@given(scenes())
def test_novelty_popularity_bias_and_diversity_at_the_headline_k(scene):
    evaluation = scene.evaluate(ks=(4,))
    for name, value in by_hand.beyond_accuracy(scene, 4).items():
        assert result(evaluation, name).value == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("distinct", [None, 5, 1])
def test_equals_the_plain_definition_on_a_larger_world(distinct):
    scene = random_scene(11, distinct=distinct)
    evaluation = scene.evaluate()
    expected = by_hand.catalogue(scene, (10, 50, 100)) | by_hand.beyond_accuracy(scene, 10)
    for name, value in expected.items():
        assert result(evaluation, name).value == pytest.approx(value, abs=1e-9), name


def test_a_case_worked_by_hand():
    # User 0 has seen item 0; candidates 1..4 rank 2, 4, 1, 3 (2 and 4 tie, the lower code first).
    # Relevant are 4 (rated 5) and 1 (rated 4): places 2 and 3. User 1 has nothing relevant and is left out.
    scores = np.array([[9, 2, 3, 1, 3], [5, 4, 3, 2, 1]], dtype=np.float32)
    scene = Scene(((0, 0, 5.0),), (), ((0, 4, 5.0), (0, 1, 4.0), (0, 2, 3.0), (1, 1, 2.0)), scores, 5)
    evaluation = scene.evaluate(ks=(2, 3), predicts_ratings=False)
    values = {metric.name: metric.value for metric in evaluation.metrics if metric.segment == "all"}
    assert values["precision_at_2"] == 1 / 2
    assert values["recall_at_2"] == 1 / 2
    assert values["f1_at_2"] == 1 / 2
    assert values["ndcg_at_2"] == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert values["map_at_2"] == pytest.approx((1 / 2) / 2)
    assert values["mrr_at_2"] == 1 / 2
    assert values["hit_rate_at_2"] == 1.0
    assert values["coverage_at_2"] == 2 / 5
    assert values["precision_at_3"] == pytest.approx(2 / 3)
    assert values["map_at_3"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert evaluation.confusion == {"catalogue": {"tp": 1, "fp": 1, "fn": 1, "tn": 1}}
    assert evaluation.protocols["catalogue"]["users_left_out"] == 1


def test_implicit_data_counts_every_test_interaction():
    scene = random_scene(12)
    evaluation = scene.evaluate(feedback="implicit", predicts_ratings=False)
    for name, value in by_hand.catalogue(scene, (10, 50, 100), relevant_value=-1.0).items():
        assert result(evaluation, name).value == pytest.approx(value, abs=1e-9), name
    assert set(evaluation.protocols) == {"catalogue"}
    assert evaluation.calibration == {}


def test_test_items_seen_in_training_are_nobodys_candidate():
    scores = np.array([[3, 2, 1]], dtype=np.float32)
    scene = Scene(((0, 0, 1.0),), (), ((0, 0, 1.0), (0, 1, 1.0)), scores, 3)
    evaluation = scene.evaluate(feedback="implicit", ks=(1,))
    assert result(evaluation, "recall_at_1").value == 1.0
    assert evaluation.protocols["catalogue"]["relevant_seen_in_training"] == 1


def test_nobody_to_count_gives_no_numbers_rather_than_wrong_ones():
    scene = Scene(((0, 0, 5.0),), (), ((0, 1, 1.0),), np.ones((1, 3), dtype=np.float32), 3)
    evaluation = scene.evaluate()
    chosen = [metric for metric in evaluation.metrics if metric.protocol in ("rated", "catalogue")]
    assert chosen
    for metric in chosen:
        assert (metric.value, metric.random, metric.popularity, metric.oracle) == (None, None, None, None), metric
        assert metric.users_counted == 0
        assert metric.attained is None
    assert evaluation.roc == {"catalogue": {}, "rated": {}}


def test_doubled_test_rows_count_once():
    scores = np.array([[3, 2, 1]], dtype=np.float32)
    once = Scene((), (), ((0, 1, 5.0),), scores, 3).evaluate(ks=(2,), predicts_ratings=False)
    twice = Scene((), (), ((0, 1, 5.0), (0, 1, 4.0)), scores, 3).evaluate(ks=(2,), predicts_ratings=False)
    assert once.metrics == twice.metrics
