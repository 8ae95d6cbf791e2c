"""MovieLens 100k, u1: the figures that benchmarks/rating_quality.py reports do not slip unnoticed."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.imports import load
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.recommenders.registry import get
from experiments.tests.realdata import folder
from experiments.tests.recommenders.tiny import Recorder

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def parts():
    interactions = load({"interactions": folder("ml-100k")}, options=ReadOptions(split="u1")).interactions
    divided = split(interactions, SplitSpec("given", seed=0))
    return training_data(interactions, divided), folds(interactions, divided)[2]


@pytest.mark.parametrize(
    ("key", "at_most", "changes"),
    [
        ("hybrid_biased", 0.923, {}),
        ("matrix_factorization", 0.937, {}),
        ("item_knn", 0.936, {}),
        ("bayesian_factorization", 0.915, {"epochs": 60}),
    ],
)
def test_rating_error_stays_below_the_bias_model(parts, key, at_most, changes):
    """User and item bias alone has 0.957 here; the margins allow for another machine's rounding."""
    data, test = parts
    architecture = get(key)
    fitted = architecture.fit(data, architecture.validate(changes), seed=0, observer=Recorder())
    predicted = np.clip(fitted.scorer.score_pairs(test.user, test.item), 1, 5)
    assert np.sqrt(np.mean((predicted - test.value) ** 2)) <= at_most
    if fitted.keras_model is not None:
        answers = np.asarray(fitted.keras_model([test.user, test.item]))[:, 0]
        blocks = fitted.scorer.score_block(np.arange(data.num_users, dtype=np.int32))
        assert np.abs(answers - blocks[test.user, test.item]).max() < 1e-5
