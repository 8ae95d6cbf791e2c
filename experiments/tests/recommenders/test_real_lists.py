"""MovieLens 100k: lists of the models that rank stay far above popularity, as benchmarks/ranking_quality.py reports."""

from __future__ import annotations

import pytest

from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.imports import load
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.recommenders.registry import get
from experiments.tests.realdata import folder
from experiments.tests.recommenders.tiny import Recorder

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def scene():
    interactions = load({"interactions": folder("ml-100k")}, options=ReadOptions()).interactions
    divided = split(interactions, SplitSpec("random", seed=0))
    return interactions, training_data(interactions, divided), folds(interactions, divided)


@pytest.mark.parametrize(("key", "changes"), [("ease", {}), ("implicit_als", {"epochs": 6}), ("bpr", {"epochs": 4})])
def test_lists_are_far_better_than_popularitys(scene, key, changes):
    interactions, data, (train, validation, test) = scene
    architecture = get(key)
    fitted = architecture.fit(data, architecture.validate(changes), seed=0, observer=Recorder())
    evaluation = evaluate(
        fitted.scorer,
        train=train,
        validation=validation,
        test=test,
        num_items=interactions.num_items,
        feedback=interactions.feedback,
        scale=interactions.scale,
        predicts_ratings=fitted.predicts_ratings,
        settings=EvaluationSettings(),
    )
    [found] = [metric for metric in evaluation.metrics if metric.name == "ndcg_at_10" and metric.segment == "all"]
    assert found.protocol == "catalogue"
    assert found.value > 1.5 * found.popularity
