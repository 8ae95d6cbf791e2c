"""The rated protocol: Surprise's rule at a cut of 4.0, and any other cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.tests.metrics import by_hand
from experiments.tests.metrics.scenes import Scene, random_scene, result, scenes


def expected_of(scene, k, cut, threshold=4.0):
    """Mean precision and recall over users with a relevant item, from Surprise's definition."""
    rows = [(user, item, value, float(scene.scores[user, item])) for user, item, value in scene.test]
    precisions, recalls = by_hand.precision_recall_at_k(rows, k, threshold, cut)
    counted = {user for user, _, value in scene.test if value >= threshold}
    return by_hand.mean(precisions[user] for user in counted), by_hand.mean(recalls[user] for user in counted)


@given(scenes(), st.sampled_from([1, 3, 20]), st.sampled_from([1.0, 2.0, 3.7, 4.0, 5.0]))
def test_agrees_with_surprises_definition_at_any_cut(scene, k, cut):
    evaluation = scene.evaluate(ks=(k,), cut=cut)
    precision, recall = expected_of(scene, k, cut)
    assert result(evaluation, f"precision_at_{k}", "rated").value == pytest.approx(precision, abs=1e-9)
    assert result(evaluation, f"recall_at_{k}", "rated").value == pytest.approx(recall, abs=1e-9)
    expected_f1 = None if precision is None else by_hand.f1(precision, recall)
    assert result(evaluation, f"f1_at_{k}", "rated").value == pytest.approx(expected_f1, abs=1e-9)


def test_a_cut_of_four_is_surprises_rule_on_a_larger_world():
    scene = random_scene(21, distinct=40)
    evaluation = scene.evaluate(cut=4.0)
    precision, recall = expected_of(scene, 10, 4.0)
    assert result(evaluation, "precision_at_10", "rated").value == pytest.approx(precision, abs=1e-9)
    assert result(evaluation, "recall_at_10", "rated").value == pytest.approx(recall, abs=1e-9)
    assert evaluation.protocols["rated"]["cut_chosen_on"] == "given"


@given(scenes())
def test_without_validation_the_cut_is_the_relevance_threshold(scene):
    bare = Scene(scene.train, (), scene.test, scene.scores, scene.num_items)
    described = bare.evaluate().protocols["rated"]
    assert described["cut"] == 4.0
    assert described["cut_chosen_on"].startswith("no validation ratings")


@given(scenes())
def test_ndcg_judges_the_order_of_the_test_items(scene):
    evaluation = scene.evaluate(ks=(3,))
    values = []
    for user in {user for user, _, value in scene.test if value >= 4}:
        mine = {item: value for who, item, value in scene.test if who == user}
        order = by_hand.ranked(scene.scores[user], list(mine))
        values.append(by_hand.values_of_list(order, {item for item in mine if mine[item] >= 4}, 3)["ndcg"])
    assert result(evaluation, "ndcg_at_3", "rated").value == pytest.approx(by_hand.mean(values), abs=1e-9)


def test_a_case_worked_by_hand():
    # Order by prediction: item 2 (4.6), 0 (4.1), 3 (3.9), 1 (2.0). Cut 4.0, k = 3: items 2 and 0 are recommended.
    # Relevant (rated 4 or 5) are 2, 1 and 3: one hit of two recommended, one of three relevant.
    scores = np.array([[4.1, 2.0, 4.6, 3.9]], dtype=np.float32)
    scene = Scene((), (), ((0, 0, 3.0), (0, 1, 5.0), (0, 2, 4.0), (0, 3, 4.0)), scores, 4)
    evaluation = scene.evaluate(ks=(3,), cut=4.0)
    assert result(evaluation, "precision_at_3", "rated").value == 1 / 2
    assert result(evaluation, "recall_at_3", "rated").value == pytest.approx(1 / 3)
    assert result(evaluation, "f1_at_3", "rated").value == pytest.approx(0.4)
    assert evaluation.confusion["rated"] == {"tp": 1, "fp": 1, "fn": 2, "tn": 0}


def test_predictions_beyond_the_scale_keep_their_order_and_reach_its_ends():
    scores = np.array([[0.2, 7.0, 6.0]], dtype=np.float32)
    scene = Scene((), (), ((0, 0, 5.0), (0, 1, 5.0), (0, 2, 1.0)), scores, 3)
    assert result(scene.evaluate(ks=(1,), cut=5.0), "precision_at_1", "rated").value == 1.0
    assert result(scene.evaluate(ks=(3,), cut=1.0), "recall_at_3", "rated").value == 1.0


def test_only_for_models_that_predict_ratings():
    evaluation = random_scene(22).evaluate(predicts_ratings=False)
    assert {metric.protocol for metric in evaluation.metrics} == {"catalogue"}
    assert set(evaluation.confusion) == set(evaluation.roc) == set(evaluation.protocols) == {"catalogue"}
