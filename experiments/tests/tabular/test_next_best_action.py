"""Actions: figures agree with scikit-learn and brute force, the known truth is found again, edges have an answer."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles, TableError, TabularData
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.next_best_action import figures, policy, synthetic, uplift
from experiments.learning.tabular.next_best_action.calibration import calibrate
from experiments.learning.tabular.next_best_action.process import ACTIONS, PROPENSITIES, probabilities
from experiments.learning.tabular.scorers.registry import load_table_scorer
from experiments.tests.tabular.tables import judge, split_of, train, value

FAMILY = Family.NEXT_BEST_ACTION
KEYS = ("base_rate", "action_logistic", "action_boosting")


@pytest.fixture(scope="module")
def data():
    table = synthetic(0, customers=20_000)
    return TabularData(table.frame, table.roles, FAMILY)


@pytest.fixture(scope="module")
def truth():
    return synthetic(0, customers=20_000).truth


@pytest.fixture(scope="module")
def models(data):
    return {key: train(key, data, split_of("random")) for key in KEYS}


@pytest.fixture(scope="module")
def evaluations(data, models):
    return {key: EVALUATE[FAMILY](fitted, data, parts, split) for key, (fitted, parts, split) in models.items()}


def contacts(actions, outcomes, **columns):
    """A table of contacts with a number x; every customer once."""
    frame = pd.DataFrame({"action": actions, "y": np.asarray(outcomes, float), **columns})
    frame["x"] = columns.get("x", np.linspace(-1, 1, len(frame)))
    return TabularData(frame, Roles(action="action", outcome="y", numeric=("x",)), FAMILY)


def drawn(rows=400, actions=("none", "call"), seed=1):
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    taken = random.choice(actions, rows)
    chance = 1 / (1 + np.exp(-(x + (taken == "call") * 0.8 - 0.5)))
    return contacts(taken, random.random(rows) < chance, x=x)


# Figures


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_scikit_learn(seed):
    random = np.random.default_rng(seed)
    p = np.round(random.random(300), 2 if seed % 2 else 6)  # with ties, and without
    y = (random.random(300) < p).astype(float)
    found = figures.figures(p, y)
    assert found["log_loss"] == pytest.approx(log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)), rel=1e-12)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p), rel=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(y, p), rel=1e-12)


def test_calibration_error_is_that_of_ten_equal_bins_by_hand():
    random = np.random.default_rng(3)
    p = random.permutation(np.linspace(0.01, 0.99, 200))
    y = (random.random(200) < 0.5).astype(float)
    order = np.argsort(p)
    by_hand = np.mean([abs(p[part].mean() - y[part].mean()) for part in np.array_split(order, 10)])
    assert figures.calibration_error(p, y) == pytest.approx(by_hand, rel=1e-12)
    assert sum(each["rows"] for each in figures.calibration_bins(p, y)) == 200


def test_rows_of_one_probability_share_a_bin_and_their_order_changes_nothing():
    random = np.random.default_rng(4)
    p, y = np.repeat([0.2, 0.2, 0.7], 50), (random.random(150) < 0.4).astype(float)
    turned = random.permutation(150)
    assert len(figures.calibration_bins(p, y)) == 2
    assert figures.figures(p[turned], y[turned]) == pytest.approx(figures.figures(p, y))


@pytest.mark.parametrize("percent", [10, 20])
def test_lift_is_that_of_the_top_rows_and_with_ties_its_mean_over_orders(percent):
    random = np.random.default_rng(5)
    p, y = random.permutation(100) / 100, (random.random(100) < 0.3).astype(float)
    top = np.argsort(-p)[:percent]
    assert figures.lift(p, y, percent) == pytest.approx(y[top].mean() / y.mean())
    # Five rows, three of them equal: the mean over all ways to choose among the equal ones.
    p, y = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    ways = [y[[0, chosen]].mean() for chosen in (1, 2, 3)]
    assert figures.top_weights(p, 0.4) @ y / 2 == pytest.approx(np.mean(ways))


def test_uplift_among_the_top_rows_is_that_of_brute_force():
    random = np.random.default_rng(6)
    score, y = random.permutation(200) / 200, (random.random(200) < 0.4).astype(float)
    treated = random.random(200) < 0.6
    top = np.argsort(-score)[:20]
    by_hand = y[top][treated[top]].mean() - y[top][~treated[top]].mean()
    assert uplift.uplift_at(score, treated, y, 10) == pytest.approx(by_hand)
    points = uplift.curve(score, treated, y)["points"]
    assert points[2]["added"] == pytest.approx(0.1 * by_hand)
    assert points[-1]["added"] == pytest.approx(y[treated].mean() - y[~treated].mean())
    assert uplift.uplift_at(score, np.ones(200, bool), y, 10) is None


def test_the_value_of_a_policy_is_without_bias():
    """The mean over every way in which six customers could have been treated, all equally likely."""
    outcome = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    chosen, propensity = np.array([1, 0, 1, 0, 1, 1]), np.array([0.5, 0.5])
    total = weight = 0.0
    for ways in itertools.product((0, 1), repeat=6):
        taken = np.array(ways)
        logged = policy.Logged(taken, outcome[np.arange(6), taken], propensity[taken])
        found = policy.value(logged, chosen)
        if found["value"] is not None:
            total, weight = total + found["value"], weight + 1
    assert total / weight == pytest.approx(outcome[np.arange(6), chosen].mean())


def test_platt_and_isotonic_agree_with_scikit_learn():
    random = np.random.default_rng(7)
    raw = random.normal(size=2_000) * 3
    y = (random.random(2_000) < 1 / (1 + np.exp(-raw / 2))).astype(float)
    model = LogisticRegression().fit(raw[:, None], y)
    reference = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid").fit(raw[:, None], y)
    ours = calibrate(model.decision_function(raw[:, None]), y, "platt")(model.decision_function(raw[:, None]))
    np.testing.assert_allclose(ours, reference.predict_proba(raw[:, None])[:, 1], atol=2e-4)
    new = np.linspace(-12, 12, 400)
    edge = 1 / 2_002
    expected = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(raw, y).predict(new)
    np.testing.assert_allclose(calibrate(raw, y, "isotonic")(new), expected, atol=1e-9)


# The truth


@pytest.mark.parametrize("key", ["action_logistic", "action_boosting"])
def test_the_true_probabilities_and_the_best_policy_are_found_again(key, data, models, truth):
    fitted, parts, _ = models[key]
    rows = data.frame.iloc[parts[0].test].dropna(subset=["spend_90_days"])
    chances, scorer = probabilities(rows), fitted[0].scorer
    scores = scorer.scores_of_actions(rows)[:, [scorer.known.names.index(name) for name in ACTIONS]]
    assert np.abs(scores - chances).mean() < 0.05
    assert np.corrcoef(scores.ravel(), chances.ravel())[0, 1] > 0.95
    followed = chances[np.arange(len(rows)), scores.argmax(axis=1)].mean()
    single = max(truth["value_of_each_action"].values())
    assert followed > single + 0.02, "better than the best single action"
    assert followed > 0.97 * chances.max(axis=1).mean(), "nearly as good as could be"


def test_the_true_uplift_of_each_action_and_segment_is_found_again(data, models, truth):
    fitted, _, _ = models["action_logistic"]
    scorer = fitted[0].scorer
    scores = dict(zip(scorer.known.names, scorer.scores_of_actions(data.frame).T, strict=True))
    for action, segments in truth["uplift"].items():
        for segment, expected in segments.items():
            rows = np.ones(len(data), bool) if segment == "all" else (data.frame["segment"] == segment).to_numpy()
            found = (scores[action] - scores["none"])[rows].mean()
            assert found == pytest.approx(expected, abs=0.05), (action, segment)


def test_the_value_of_the_model_covers_what_following_it_really_brings(data, models, evaluations):
    fitted, parts, _ = models["action_logistic"]
    found = evaluations["action_logistic"].details["policy"]
    rows = data.frame.iloc[parts[0].test]
    chances = probabilities(rows)
    known = ~np.isnan(chances[:, 0])
    scorer = fitted[0].scorer
    best = [ACTIONS.index(scorer.known.names[place]) for place in scorer.known.best(scorer.scores_of_actions(rows))]
    really = chances[known, np.array(best)[known]].mean()
    assert found["model"]["low"] < really < found["model"]["high"]
    assert found["model"]["value"] > found["random"]
    assert found["propensities"] == pytest.approx(PROPENSITIES, abs=0.02)


def test_a_model_beats_the_base_rate_and_the_base_rate_is_its_own_naive_line(evaluations, truth):
    base = evaluations["base_rate"]
    for metric in base.metrics:
        assert metric.value == pytest.approx(metric.naive), metric.name
    for key in ("action_logistic", "action_boosting"):
        assert truth["best_log_loss"] * 0.95 < value(evaluations[key], "log_loss") < value(base, "log_loss") - 0.08
        assert value(evaluations[key], "calibration_error") < 0.05
        assert value(evaluations[key], "lift_at_10") > 1.8
        assert value(evaluations[key], "uplift_at_20") > value(base, "uplift_at_20")


def test_the_process_is_what_it_says(truth):
    frame = synthetic(0, customers=20_000).frame
    shares = frame["action"].value_counts(normalize=True)
    assert shares.to_dict() == pytest.approx(PROPENSITIES, abs=0.02)
    rates = frame.groupby("action")["bought"].mean()
    assert rates.to_dict() == pytest.approx(truth["value_of_each_action"], abs=0.03)
    pd.testing.assert_frame_equal(frame, synthetic(0, customers=20_000).frame)
    assert not frame.equals(synthetic(1, customers=20_000).frame)
    with pytest.raises(DatasetError, match="customers"):
        synthetic(0, customers=5)


# Scorers and edges


@pytest.mark.parametrize("calibration", ["platt", "isotonic", "none"])
def test_calibrated_probabilities_survive_in_plain_arrays(data, calibration):
    (fitted,), (part,), _ = train("action_boosting", data, split_of("random"), trees=30, calibration=calibration)
    rows = data.frame.iloc[part.test]
    again = load_table_scorer(fitted.scorer.arrays(), fitted.scorer.config())
    np.testing.assert_array_equal(again.predict(rows), fitted.scorer.predict(rows))
    np.testing.assert_array_equal(again.scores_of_actions(rows), fitted.scorer.scores_of_actions(rows))
    assert fitted.details["calibration"] == calibration
    assert fitted.scorer.predict(rows).min() > 0
    assert fitted.scorer.predict(rows).max() < 1


@pytest.mark.parametrize("key", KEYS)
def test_the_own_action_is_a_column_of_the_scores_and_an_unseen_one_their_weighted_mean(key, data, models):
    scorer = models[key][0][0].scorer
    rows = data.frame.head(40)
    scores = scorer.scores_of_actions(rows)
    assert scores.shape == (40, 4)
    own = [scores[row, scorer.known.names.index(action)] for row, action in enumerate(rows["action"])]
    np.testing.assert_array_equal(scorer.predict(rows), own)
    np.testing.assert_allclose(scorer.predict(rows.assign(action="billboard")), scores @ scorer.known.shares)


@pytest.mark.parametrize("key", KEYS)
def test_one_action_alone_has_no_uplift_and_says_so(key):
    evaluation = judge(key, dataclasses.replace(drawn(actions=("call",))), split_of("random"))
    assert value(evaluation, "uplift_at_10") is None
    assert np.isfinite(value(evaluation, "log_loss"))
    assert "nothing to choose" in evaluation.details["notes"][0]


@pytest.mark.parametrize("key", KEYS)
def test_without_a_control_there_is_no_uplift_but_a_policy(key):
    evaluation = judge(key, drawn(actions=("call", "mail")), split_of("random"))
    assert value(evaluation, "uplift_at_20") is None
    assert evaluation.details["uplift_curve"] == {}
    assert "uplift cannot be measured" in evaluation.details["notes"][0]
    assert evaluation.details["policy"]["model"]["value"] is not None


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_an_outcome_that_never_varies_gives_the_base_rate(key, outcome):
    data = drawn()
    data = dataclasses.replace(data, frame=data.frame.assign(y=outcome))
    evaluation = judge(key, data, split_of("random"))
    assert value(evaluation, "auc") is None
    assert value(evaluation, "log_loss") < 0.01
    assert value(evaluation, "lift_at_10") == (pytest.approx(1.0) if outcome else None)


def test_validation_rows_of_one_outcome_leave_the_trees_uncalibrated_and_say_so():
    data = drawn(600)
    _, (part,), _ = train("base_rate", data, split_of("random"))
    frame = data.frame.copy()
    frame.iloc[part.validation, frame.columns.get_loc("y")] = 0.0
    (fitted,), _, _ = train("action_boosting", dataclasses.replace(data, frame=frame), split_of("random"), trees=10)
    assert fitted.details["calibration"] == "none"
    assert "one outcome alone" in fitted.details["note"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"y": 2.0}, "y is 2 in row 1. Accepted: 0 or 1"),
        ({"y": np.nan}, "y is 'nan' in row 1"),
        ({"action": None}, "action is missing in row 1"),
    ],
)
def test_a_wrong_outcome_or_action_is_named(change, reason):
    data = drawn()
    frame = data.frame.assign(**{name: pd.Series(each, index=data.frame.index) for name, each in change.items()})
    with pytest.raises(TableError, match=reason):
        train("action_logistic", dataclasses.replace(data, frame=frame), split_of("random"))


def test_units_are_customers_with_all_of_their_rows(data, evaluations):
    units = evaluations["action_logistic"].per_unit
    assert units["rows"].sum() == evaluations["action_logistic"].protocol["rows_counted"]
    assert set(units["rows"]) == {2.0}, "a random split keeps a customer's contacts together"
    assert units["user"].is_unique
    loss = units["cross_entropy"].sum() / units["rows"].sum()
    assert loss == pytest.approx(value(evaluations["action_logistic"], "log_loss"), rel=1e-12)


def test_several_folds_are_pooled(data):
    evaluation = judge("action_logistic", data, split_of("rolling_origin", folds=3, horizon=20))
    assert evaluation.protocol["folds"] == 3
    rows = evaluation.protocol["rows_counted"]
    assert sum(each["rows"] for each in evaluation.details["calibration"]) == rows
