"""Curves, areas, NDCG, errors and decisions agree with scikit-learn to 1e-9."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    mean_absolute_error,
    ndcg_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
    root_mean_squared_error,
)

from experiments.learning.metrics.curves import counts_by_score, curves
from experiments.tests.metrics.by_hand import catalogue_lists
from experiments.tests.metrics.scenes import random_scene, result, scenes


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 2.5]) | st.floats(1, 5), st.booleans()), min_size=2, max_size=40))
def test_areas_of_scored_decisions(rows):
    scores, relevant = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    roc, pr = curves(*counts_by_score(scores, relevant), 200)
    if relevant.all() or not relevant.any():
        assert roc == pr == {}
        return
    assert roc["area"] == pytest.approx(roc_auc_score(relevant, scores), abs=1e-9)
    assert pr["area"] == pytest.approx(average_precision_score(relevant, scores), abs=1e-9)
    assert roc["base_rate"] == pytest.approx(relevant.mean(), abs=1e-12)


def test_every_point_of_a_short_curve_is_scikits():
    generator = np.random.default_rng(0)
    scores, relevant = np.round(generator.random(150), 2), generator.random(150) < 0.3
    roc, pr = curves(*counts_by_score(scores, relevant), 200)
    x, y, thresholds = roc_curve(relevant, scores, drop_intermediate=False)
    assert roc["x"] == pytest.approx(x)
    assert roc["y"] == pytest.approx(y)
    assert roc["threshold"][1:] == pytest.approx(thresholds[1:])
    precision, recall, _ = precision_recall_curve(relevant, scores)
    assert pr["x"] == pytest.approx(recall[-2::-1])
    assert pr["y"] == pytest.approx(precision[-2::-1])


def test_a_thinned_curve_keeps_the_area_the_ends_and_only_true_points():
    generator = np.random.default_rng(1)
    scores, relevant = generator.random(5000), generator.random(5000) < 0.2
    thin, _ = curves(*counts_by_score(scores, relevant), 50)
    full, _ = curves(*counts_by_score(scores, relevant), 10_000)
    assert len(thin["x"]) == len(thin["y"]) == len(thin["threshold"]) <= 50
    assert thin["area"] == full["area"] == pytest.approx(roc_auc_score(relevant, scores), abs=1e-9)
    assert (thin["x"][0], thin["y"][0], thin["x"][-1], thin["y"][-1]) == (0, 0, 1, 1)
    assert set(zip(thin["x"], thin["y"], strict=True)) <= set(zip(full["x"], full["y"], strict=True))
    assert np.trapezoid(thin["y"], thin["x"]) == pytest.approx(thin["area"], abs=0.005)


def pooled_decisions(scene):
    """Every (user, candidate) of the catalogue protocol as (relevant, place in the list)."""
    lists = catalogue_lists(scene).values()
    relevant = np.array([item in wanted for items, wanted in lists for item in items])
    places = np.array([place for items, _ in lists for place in range(len(items))])
    return relevant, places


@given(scenes())
def test_catalogue_curves_are_those_of_the_list_length(scene):
    evaluation = scene.evaluate(ks=(3,), curve_points=1000)
    relevant, places = pooled_decisions(scene)
    if len(relevant) == 0 or relevant.all():
        assert evaluation.roc["catalogue"] == evaluation.precision_recall["catalogue"] == {}
        return
    roc, pr = evaluation.roc["catalogue"], evaluation.precision_recall["catalogue"]
    assert roc["area"] == pytest.approx(roc_auc_score(relevant, -places), abs=1e-9)
    assert pr["area"] == pytest.approx(average_precision_score(relevant, -places), abs=1e-9)
    assert roc["base_rate"] == pytest.approx(relevant.mean(), abs=1e-12)
    at_three = roc["threshold"].index(3.0) if 3.0 in roc["threshold"] else -1
    counts = evaluation.confusion["catalogue"]
    assert roc["y"][at_three] == pytest.approx(counts["tp"] / (counts["tp"] + counts["fn"]))
    assert roc["x"][at_three] == pytest.approx(counts["fp"] / (counts["fp"] + counts["tn"]))


@given(scenes())
def test_decisions_are_counted_as_in_a_confusion_matrix(scene):
    evaluation = scene.evaluate(ks=(2, 5))
    relevant, places = pooled_decisions(scene)
    tn, fp, fn, tp = confusion_matrix(relevant, places < 2, labels=[False, True]).ravel() if len(relevant) else [0] * 4
    assert evaluation.confusion["catalogue"] == {"tp": tp, "fp": fp, "fn": fn, "tn": tn}


def test_rated_curves_are_those_of_the_prediction():
    scene = random_scene(7, distinct=20)
    evaluation = scene.evaluate()
    counted = {user for user, _, value in scene.test if value >= 4}
    rows = [row for row in scene.test if row[0] in counted]
    relevant = np.array([value >= 4 for *_, value in rows])
    predicted = np.array([scene.scores[user, item] for user, item, _ in rows])
    assert evaluation.roc["rated"]["area"] == pytest.approx(roc_auc_score(relevant, predicted), abs=1e-9)
    pr = evaluation.precision_recall["rated"]
    assert pr["area"] == pytest.approx(average_precision_score(relevant, predicted), abs=1e-9)
    assert sum(evaluation.confusion["rated"].values()) == len(rows)


def test_ndcg_agrees_where_scikit_ranks_the_same_candidates():
    generator = np.random.default_rng(2)
    relevant, scores = generator.random((20, 30)) < 0.2, generator.random((20, 30)).astype(np.float32)
    relevant[:, 0] = True
    from experiments.tests.metrics.scenes import Scene

    test = tuple((int(user), int(item), 5.0) for user, item in np.argwhere(relevant))
    evaluation = Scene((), (), test, scores, 30).evaluate(ks=(5, 10))
    for k in (5, 10):
        assert result(evaluation, f"ndcg_at_{k}").value == pytest.approx(ndcg_score(relevant, scores, k=k), abs=1e-9)


@given(scenes())
def test_errors_of_ratings(scene):
    beyond = scene.scores.astype(np.float64) * 1.5 - 1.0  # part of it lies outside the scale
    evaluation = scene.evaluate(beyond)
    actual = [value for *_, value in scene.test]
    clipped = np.clip([beyond[user, item] for user, item, _ in scene.test], 1, 5)
    rmse, mae = result(evaluation, "rmse", "pointwise"), result(evaluation, "mae", "pointwise")
    assert rmse.value == pytest.approx(root_mean_squared_error(actual, clipped), abs=1e-9)
    assert mae.value == pytest.approx(mean_absolute_error(actual, clipped), abs=1e-9)
    assert rmse.higher_is_better is mae.higher_is_better is False
