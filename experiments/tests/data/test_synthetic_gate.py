"""The default hybrid passes the production gate (F19) on the default synthetic data; its reference lines do not."""

from __future__ import annotations

import pytest

from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.data.synthetic import generate
from experiments.learning.metrics.evaluate import evaluate
from experiments.learning.recommenders import registry


class Silent:
    def on_start(self, **_):
        pass

    def on_epoch(self, epoch, values, save):
        pass

    def log(self, message):
        pass


def test_the_default_hybrid_passes_and_the_reference_lines_do_not():
    data = generate()
    parts = split(data, SplitSpec())
    train, validation, test = folds(data, parts)
    hybrid = registry.get("hybrid")
    fitted = hybrid.fit(training_data(data, parts), hybrid.validate({}), seed=42, observer=Silent())
    evaluation = evaluate(
        fitted.scorer,
        train=train,
        validation=validation,
        test=test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=fitted.predicts_ratings,
    )
    found = {(m.protocol, m.name): m for m in evaluation.metrics if m.segment == "all"}
    f1, precision = found["rated", "f1_at_10"], found["rated", "precision_at_10"]
    assert f1.value >= 0.75
    assert precision.value >= 0.70
    assert found["pointwise", "rmse"].value <= 1.0
    for line in ("random", "popularity", "everything"):
        assert not (getattr(f1, line) >= 0.75 and getattr(precision, line) >= 0.70), line
    assert f1.oracle == pytest.approx(0.987, abs=0.01)
