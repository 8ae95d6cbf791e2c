"""Exported trees answer as scikit-learn does, and refuse what they would answer differently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.scorers.registry import load_table_scorer
from experiments.learning.tabular.scorers.trees import TreesScorer

LOSSES = {
    "squared_error": ("identity", lambda signal: signal),
    "absolute_error": ("identity", lambda signal: signal),
    "poisson": ("log", lambda signal: np.exp(np.clip(signal, -5, 5))),
    "gamma": ("log", lambda signal: np.exp(np.clip(signal, -5, 5)) + 0.01),
}


def table(seed, rows=300, columns=4, missing=0.2):
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns)) * 10.0 ** random.integers(-3, 4, columns)
    # Few distinct values in one column, so that numbers fall exactly on thresholds.
    values[:, 0] = np.round(random.normal(size=rows))
    values[random.random(values.shape) < missing] = np.nan
    return pd.DataFrame(values, columns=[f"x{place}" for place in range(columns)]), random


def encoder_of(frame):
    return Encoder.fit(frame, tuple(frame.columns), (), missing="keep")


def fit(estimator, encoder, frame, target):
    with one_core():
        return estimator.fit(encoder.transform(frame), target)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_regressor_predicts_what_scikit_learn_predicts(loss):
    link, target_of = LOSSES[loss]
    frame, random = table(1)
    target = target_of(frame.fillna(0).to_numpy() @ [1, 0.01, 0.001, 0.1] + random.normal(size=len(frame)))
    encoder = encoder_of(frame)
    estimator = fit(HistGradientBoostingRegressor(loss=loss, max_iter=40), encoder, frame, target)
    unseen, _ = table(2, rows=2_000, missing=0.4)
    expected = estimator.predict(encoder.transform(unseen))
    found = TreesScorer.export(estimator, encoder, link).predict(unseen)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.3, 0.9]),
    leaves=st.sampled_from([2, 7, None]),
    rows=st.sampled_from([30, 250]),
)
def test_a_classifier_gives_scikit_learns_probability_whatever_the_table(seed, missing, leaves, rows):
    frame, random = table(seed, rows=rows, missing=missing)
    outcome = (frame.fillna(0).to_numpy()[:, 0] + random.normal(size=len(frame)) > 0).astype(int)
    outcome[:2] = [0, 1]
    encoder = encoder_of(frame)
    model = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=leaves, min_samples_leaf=3)
    fit(model, encoder, frame, outcome)
    unseen, _ = table(seed + 1, rows=500, missing=missing)
    expected = model.predict_proba(encoder.transform(unseen))[:, 1]
    found = TreesScorer.export(model, encoder, "logit").predict(unseen)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_the_first_trees_alone_are_a_stage_of_the_model():
    frame, random = table(5)
    encoder = encoder_of(frame)
    model = HistGradientBoostingRegressor(max_iter=20)
    fit(model, encoder, frame, frame.fillna(0)["x1"] + random.normal(size=len(frame)))
    stage = list(model.staged_predict(encoder.transform(frame)))[6]
    found = TreesScorer.export(model, encoder, "identity", iterations=7).predict(frame)
    np.testing.assert_allclose(found, stage, rtol=1e-9, atol=1e-9)


def test_a_number_that_is_a_threshold_itself_goes_where_scikit_learn_sends_it():
    frame, random = table(4)
    encoder = encoder_of(frame)
    model = HistGradientBoostingRegressor(max_iter=20)
    fit(model, encoder, frame, frame.fillna(0)["x1"] + random.normal(size=len(frame)))
    scorer = TreesScorer.export(model, encoder, "identity")
    inner = (scorer.left != np.arange(len(scorer.left))) & np.isfinite(scorer.threshold)
    matrix = np.zeros((400, 4))
    for feature in range(4):
        matrix[:, feature] = random.choice(scorer.threshold[inner & (scorer.feature == feature)], 400)
    np.testing.assert_allclose(scorer.raw(matrix), model.predict(matrix), rtol=1e-9, atol=1e-9)


def test_rows_are_walked_in_groups_with_the_same_answer(monkeypatch):
    frame, random = table(6)
    encoder = encoder_of(frame)
    model = fit(HistGradientBoostingRegressor(max_iter=15), encoder, frame, random.normal(size=len(frame)))
    scorer = TreesScorer.export(model, encoder, "identity")
    whole = scorer.predict(frame)
    monkeypatch.setattr("experiments.learning.tabular.scorers.trees._CELLS", 100)
    np.testing.assert_array_equal(scorer.predict(frame), whole)
    assert scorer.predict(frame.iloc[:0]).shape == (0,)


def test_it_comes_back_from_arrays_and_settings():
    frame, random = table(7)
    encoder = encoder_of(frame)
    model = fit(HistGradientBoostingRegressor(max_iter=15), encoder, frame, random.normal(size=len(frame)))
    scorer = TreesScorer.export(model, encoder, "identity")
    again = load_table_scorer(scorer.arrays(), scorer.config())
    np.testing.assert_array_equal(again.predict(frame), scorer.predict(frame))


def exported():
    frame, random = table(8)
    encoder = encoder_of(frame)
    model = fit(HistGradientBoostingRegressor(max_iter=3), encoder, frame, random.normal(size=len(frame)))
    return TreesScorer.export(model, encoder, "identity")


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("left", lambda array: array + 10_000, "left points outside"),
        ("feature", lambda array: array - 50, "feature points outside"),
        ("roots", lambda array: array + 10_000, "roots points outside"),
        ("value", lambda array: array * np.nan, "NaN"),
        ("threshold", lambda array: array[:-1], "threshold has shape"),
    ],
)
def test_damaged_trees_are_refused(name, spoil, message):
    scorer = exported()
    arrays = scorer.arrays()
    with pytest.raises(ScorerError, match=message):
        load_table_scorer(arrays | {name: spoil(arrays[name])}, scorer.config())


def test_what_would_answer_differently_is_not_exported():
    frame, random = table(9, missing=0)
    encoder = encoder_of(frame)
    matrix, signal = encoder.transform(frame), random.normal(size=len(frame))
    with one_core():
        three = HistGradientBoostingClassifier(max_iter=2).fit(matrix, np.arange(len(frame)) % 3)
        kinds = matrix.copy()
        kinds[:, 0] = np.arange(len(frame)) % 5
        categorical = HistGradientBoostingRegressor(max_iter=2, categorical_features=[0])
        categorical.fit(kinds, (kinds[:, 0] % 2) + 0.01 * signal)
        poisson = HistGradientBoostingRegressor(loss="poisson", max_iter=2).fit(matrix, np.abs(signal))
    with pytest.raises(ScorerError, match="more than two classes"):
        TreesScorer.export(three, encoder, "logit")
    with pytest.raises(ScorerError, match="split by categories"):
        TreesScorer.export(categorical, encoder, "identity")
    with pytest.raises(ScorerError, match="link is 'identity' and the loss poisson; accepted: log"):
        TreesScorer.export(poisson, encoder, "identity")
    with pytest.raises(ScorerError, match="RandomForestRegressor has no boosted trees"):
        TreesScorer.export(RandomForestRegressor(), encoder, "identity")
