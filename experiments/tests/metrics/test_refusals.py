"""Bad input is refused with the field, the value, and what would be accepted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.metrics.settings import relevance_threshold
from experiments.tests.metrics.scenes import Scene, TableScorer, fold

SCORES = np.arange(6, dtype=np.float32).reshape(2, 3)
SCENE = Scene(((0, 0, 5.0),), ((0, 1, 4.0),), ((0, 2, 5.0), (1, 1, 4.0)), SCORES, 3)


def run(scorer=None, **changes):
    arguments = {
        "train": fold(SCENE.train),
        "validation": fold(SCENE.validation),
        "test": fold(SCENE.test),
        "num_items": 3,
        "feedback": "explicit",
        "scale": (1.0, 5.0),
        "predicts_ratings": True,
    }
    return evaluate(scorer or TableScorer(SCORES), **(arguments | changes))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_no_numbers(bad):
    scores = SCORES.copy()
    scores[1, 0] = bad
    with pytest.raises(ValueError, match=f"user code 1 and item code 0 is {bad}; scores must be finite"):
        run(TableScorer(scores))


def test_predictions_that_are_no_numbers():
    class Diverged(TableScorer):
        def score_pairs(self, users, items):
            return np.full(len(users), np.nan)

    with pytest.raises(ValueError, match="predicted rating of user code 0 and item code 2 is nan"):
        run(Diverged(SCORES))


def test_a_scorer_of_the_wrong_shape():
    with pytest.raises(ValueError, match=r"shape \(2, 2\); \(2, 3\) is expected"):
        run(TableScorer(SCORES[:, :2]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": fold([])}, "test is empty"),
        ({"num_items": 0}, "num_items is 0; it must be 1 or more"),
        ({"feedback": "stars"}, "feedback is 'stars'; it must be 'explicit' or 'implicit'"),
        ({"scale": None}, "scale is None; explicit ratings need"),
        ({"scale": (5.0, 5.0)}, r"scale is \(5.0, 5.0\); its first number must be smaller"),
        ({"train": fold([(0, 3, 1.0)])}, "train.item holds the code 3; codes lie between 0 and num_items - 1 = 2"),
        ({"train": fold([(-1, 0, 1.0)])}, "train.user holds the code -1"),
        ({"validation": fold([(0, 0, np.nan)])}, r"validation.value\[0\] is nan"),
        (
            {"test": replace(fold(SCENE.test), item=np.array([1], dtype=np.int32))},
            "the arrays must have the same length",
        ),
        (
            {"settings": EvaluationSettings(relevant_from=7.0)},
            "relevant_from is 7.0; ratings of this dataset lie between",
        ),
    ],
)
def test_input_that_cannot_be_evaluated(changes, message):
    with pytest.raises(ValueError, match=message):
        run(**changes)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"ks": ()}, "ks is"),
        ({"ks": (10, 5)}, r"ks is \(10, 5\); it must be ascending"),
        ({"ks": (0,)}, "ks is"),
        ({"block_users": 0}, "block_users is 0; it must be 1 or more"),
        ({"curve_points": 1}, "curve_points is 1; it must be 2 or more"),
    ],
)
def test_settings_out_of_bounds(choice, message):
    with pytest.raises(ValueError, match=message):
        EvaluationSettings(**choice)


@pytest.mark.parametrize(
    ("given", "scale", "expected"),
    [(None, (1, 5), 4.0), (None, (0.5, 5), 3.875), (None, (1, 10), 7.75), (3.5, (1, 5), 3.5), (None, (0, 100), 75.0)],
)
def test_the_relevance_threshold_keeps_its_place_on_other_scales(given, scale, expected):
    assert relevance_threshold(given, scale) == expected
