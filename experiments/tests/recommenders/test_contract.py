"""What every registered architecture promises, whatever it is."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import NamedTuple

import numpy as np
import pydantic
import pytest

from experiments.learning import artifacts
from experiments.learning.recommenders.base import Fitted, StopTraining, ranks_apart
from experiments.learning.recommenders.errors import UnknownArchitecture, UnusableData
from experiments.learning.recommenders.registry import ARCHITECTURES, get
from experiments.tests.recommenders.tiny import QUICK, VARIANTS, Recorder, all_scores, fold, ratings, squared_error

KEYS = list(ARCHITECTURES)
ITERATIVE = [key for key in KEYS if ARCHITECTURES[key].iterative]
PREDICT_RATINGS = [key for key in ITERATIVE if ARCHITECTURES[key].objective == "ratings"]
# What reads sequences learns what comes after them, not them: test_sequence_models.py says how well.
SEQUENTIAL = [key for key in ITERATIVE if ARCHITECTURES[key].needs_timestamps]
# What tells each pair from the rest of a history meets whole histories in serving alone: test_two_tower.py.
FROM_THE_REST = ["two_tower"]
RANK = [
    key for key in ITERATIVE if ARCHITECTURES[key].objective == "ranking" and key not in [*SEQUENTIAL, *FROM_THE_REST]
]
RANK += list(VARIANTS)
LEARNERS = [*KEYS, *VARIANTS]
STEPWISE = [*ITERATIVE, *VARIANTS]
KERAS = [key for key in KEYS if ARCHITECTURES[key].framework == "keras"] + list(VARIANTS)
BOTH = [(key, feedback) for key in KEYS for feedback in ARCHITECTURES[key].feedback]
BOTH += [(key, feedback) for key, (of, _) in VARIANTS.items() for feedback in ARCHITECTURES[of].feedback]


def architecture_of(key):
    return get(VARIANTS[key][0] if key in VARIANTS else key)


def quick(key):
    of, changes = VARIANTS.get(key, (key, {}))
    return QUICK[of] | changes


def fit(key, data, observer=None, seed=0, resume_from=None, **changes):
    architecture = architecture_of(key)
    parameters = architecture.validate(quick(key) | changes)
    return architecture.fit(data, parameters, seed=seed, observer=observer or Recorder(), resume_from=resume_from)


@pytest.fixture(scope="module")
def data():
    return ratings()


class Shared(NamedTuple):
    fitted: Fitted
    seen: Recorder


@cache
def shared(key, feedback="explicit"):
    """One quick fit of each architecture, and what it reported, for the tests that only look at it."""
    seen = Recorder()
    return Shared(fit(key, ratings(feedback=feedback), seen), seen)


def test_this_module_covers_every_architecture():
    assert set(QUICK) == set(ARCHITECTURES)


def test_an_unknown_key_is_refused_with_what_exists():
    with pytest.raises(UnknownArchitecture, match=r"'resnet'.*hybrid, hybrid_biased, matrix_factorization"):
        get("resnet")


def fit_without_restraint(key, data, **strong):
    """Many epochs, hardly any penalty, no early stopping."""
    free = {"regularization": 1e-6, "ranking_regularization": 1e-6, "noise": 0.02}
    strong = {**free, "epochs": 300, "batch_size": 8} | strong
    known = architecture_of(key).parameters.model_fields
    changes = {name: value for name, value in strong.items() if name in known}
    changes |= {name: 0 for name in ("early_stopping_patience", "dropout") if name in known}
    changes |= {"learning_rate_decay": 0.99} if "learning_rate_decay" in known else {}
    return fit(key, data, **changes)


@pytest.mark.parametrize("key", PREDICT_RATINGS)
def test_overfits_a_tiny_set(key):
    data = dataclasses.replace(ratings(users=8, items=8, rows=24), validation=fold([], [], []))
    fitted = fit_without_restraint(key, data, learning_rate=0.01)
    assert squared_error(fitted, data.train) < 0.01


@pytest.mark.parametrize("key", RANK)
@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
def test_puts_everything_liked_in_a_tiny_set_above_the_rest(key, feedback):
    data = dataclasses.replace(ratings(users=8, items=8, rows=24, feedback=feedback), validation=fold([], [], []))
    scores = all_scores(fit_without_restraint(key, data, learning_rate=0.01 if key in VARIANTS else 0.1), data)
    liked = np.zeros(scores.shape, bool)
    liked[data.train.user, data.train.item] = True
    for user in np.unique(data.train.user):
        assert scores[user, liked[user]].min() > scores[user, ~liked[user]].max()


@pytest.mark.parametrize("key", LEARNERS)
def test_same_seed_gives_the_same_numbers_bit_for_bit(key, data):
    again = fit(key, data)
    assert np.array_equal(all_scores(again, data), all_scores(shared(key).fitted, data))
    assert again.details == shared(key).fitted.details


@pytest.mark.parametrize("key", STEPWISE)
def test_another_seed_gives_other_numbers(key, data):
    assert not np.array_equal(all_scores(fit(key, data, seed=1), data), all_scores(shared(key).fitted, data))


@pytest.mark.parametrize("key", STEPWISE)
@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
def test_a_resumed_fit_ends_with_the_numbers_of_an_uninterrupted_one(key, feedback, tmp_path):
    data = ratings(feedback=feedback)
    expected, whole = shared(key, feedback)
    with pytest.raises(StopTraining):  # the stop reaches the caller
        fit(key, data, Recorder(tmp_path, stop_after=2))
    rest = Recorder()
    resumed = fit(key, data, rest, resume_from=tmp_path / "2")
    assert np.array_equal(all_scores(resumed, data), all_scores(expected, data))
    assert rest.epochs == {epoch: values for epoch, values in whole.epochs.items() if epoch > 2}
    assert (resumed.best_epoch, resumed.details) == (expected.best_epoch, expected.details)


@pytest.mark.parametrize("key", LEARNERS)
def test_saves_and_loads_to_the_same_lists(key, data, tmp_path):
    files = artifacts.save(shared(key).fitted, tmp_path)
    loaded = artifacts.load_scorer_from(tmp_path, {file.name: file.sha256 for file in files})
    before = all_scores(shared(key).fitted, data)
    after = loaded.score_block(np.arange(data.num_users, dtype=np.int32))
    top = np.argsort(-before, axis=1, kind="stable")[:, :5]
    assert np.array_equal(np.argsort(-after, axis=1, kind="stable")[:, :5], top)
    assert np.array_equal(before, after)


@pytest.mark.parametrize("key", LEARNERS)
def test_pairs_and_blocks_agree_unless_the_scorer_says_that_they_do_not(key, data):
    scores = all_scores(shared(key).fitted, data)
    user, item = (axis.ravel().astype(np.int32) for axis in np.indices(scores.shape))
    apart = np.abs(shared(key).fitted.scorer.score_pairs(user, item) - scores.ravel()).max() > 1e-5
    assert apart == ranks_apart(shared(key).fitted.scorer) == (key == "hybrid_joint")


@pytest.mark.parametrize("key", LEARNERS)
def test_blocks_do_not_depend_on_how_users_are_grouped(key, data):
    scores = all_scores(shared(key).fitted, data)
    some = np.array([7, 3, 7, 0], np.int32)
    assert shared(key).fitted.scorer.score_block(some) == pytest.approx(scores[some], abs=1e-5)
    assert shared(key).fitted.scorer.score_block(np.zeros(0, np.int32)).shape == (0, data.num_items)


@pytest.mark.parametrize("key", KERAS)
def test_numpy_answers_what_keras_answers(key, data, tmp_path):
    """The network is read back from its ``.keras`` file, so this holds for what is stored. A network with two answers
    has the rating in its first column and the ranking score in its last."""
    files = artifacts.save(shared(key).fitted, tmp_path)
    network = artifacts.load_network_from(tmp_path, {file.name: file.sha256 for file in files})
    scores = all_scores(shared(key).fitted, data)
    user, item = (axis.ravel().astype(np.int32) for axis in np.indices(scores.shape))
    answers = np.asarray(network([user, item]))
    assert answers.shape[1] == 1 + ranks_apart(shared(key).fitted.scorer)
    assert np.abs(answers[:, -1] - scores.ravel()).max() < 1e-5
    assert np.abs(answers[:, 0] - shared(key).fitted.scorer.score_pairs(user, item)).max() < 1e-5


@pytest.mark.parametrize(("key", "feedback"), BOTH)
def test_users_and_items_without_training_rows_get_finite_scores(key, feedback):
    data = ratings(feedback=feedback)
    assert 0 not in data.train.user
    assert 0 not in data.train.item
    fitted, _ = shared(key, feedback)
    scores = all_scores(fitted, data)
    assert np.isfinite(scores).all()
    assert scores.dtype == np.float32
    assert fitted.predicts_ratings == (
        feedback == "explicit"
        and architecture_of(key).objective == "ratings"
        and key not in ("popularity", "hybrid_ranking")
    )


@pytest.mark.parametrize("key", LEARNERS)
def test_one_user_and_one_item_are_enough(key):
    data = dataclasses.replace(
        ratings(users=1, items=1, rows=1), train=fold([0], [0], [4]), validation=fold([], [], [])
    )
    assert np.isfinite(all_scores(fit(key, data), data)).all()


@pytest.mark.parametrize("key", LEARNERS)
def test_data_without_features_is_accepted(key):
    bare = ratings()
    bare = dataclasses.replace(
        bare,
        user_features=np.zeros((bare.num_users, 0), np.float32),
        item_features=np.zeros((bare.num_items, 0), np.float32),
    )
    assert np.isfinite(all_scores(fit(key, bare), bare)).all()


@pytest.mark.parametrize("key", [key for key in LEARNERS if key not in STEPWISE])
def test_a_stop_reaches_the_caller_where_there_are_no_epochs(key, data):
    """Where there are, the test of a resumed fit says it."""
    with pytest.raises(StopTraining):
        fit(key, data, Recorder(stop_after=0))


@pytest.mark.parametrize("key", STEPWISE)
def test_every_epoch_is_reported(key):
    fitted, seen = shared(key)
    assert seen.started["epochs"] == 4
    assert seen.started["total_parameters"] == fitted.details["total_parameters"] > 0
    assert list(seen.epochs) == list(range(1, len(seen.epochs) + 1))
    expected = {"train_loss", "val_loss"} | (
        {"learning_rate"} if "learning_rate" in architecture_of(key).parameters.model_fields else set()
    )
    assert all(set(values) == expected for values in seen.epochs.values())


@pytest.mark.parametrize("key", PREDICT_RATINGS)
def test_the_reported_validation_loss_is_the_scorers_own(key, data):
    seen = Recorder()
    fitted = fit(key, data, seen, early_stopping_patience=1)
    assert seen.epochs[fitted.best_epoch]["val_loss"] == pytest.approx(squared_error(fitted, data.validation), rel=1e-5)


@pytest.mark.parametrize("key", KEYS)
def test_unknown_parameters_are_refused_by_name(key):
    with pytest.raises(pydantic.ValidationError, match="shoe_size"):
        get(key).validate({"shoe_size": 43})


@pytest.mark.parametrize("key", KEYS)
def test_parameters_outside_their_bounds_are_refused_by_name(key):
    for name, field in get(key).parameters.model_fields.items():
        bounds = {type(bound).__name__: bound for bound in field.metadata}
        if "Le" not in bounds:
            continue
        for value in (bounds["Le"].le + 1, bounds["Ge"].ge - 1, float("nan"), "many"):
            with pytest.raises(pydantic.ValidationError, match=name):
                get(key).validate({name: value})


@pytest.mark.parametrize("key", KEYS)
def test_every_parameter_has_words_and_numbers_have_bounds(key):
    for name, field in get(key).parameters.model_fields.items():
        assert field.title, name
        assert field.description, name
        if field.annotation in (int, float):
            assert {"Ge", "Le"} <= {type(bound).__name__ for bound in field.metadata}, name


@pytest.mark.parametrize("key", LEARNERS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train": fold([], [], [])}, "train has 0 interactions"),
        ({"train": fold([1, 2], [1], [3, 4])}, "different lengths .*item 1"),
        ({"train": fold([1, 99], [1, 2], [3, 4])}, r"train.user holds the code 99; accepted: 0 to 29"),
        ({"validation": fold([1], [-1], [3])}, r"validation.item holds the code -1"),
        ({"train": fold([1], [1], [np.nan])}, r"train.value is nan in row 0"),
        ({"item_features": np.zeros((3, 2), np.float32)}, r"item_features has shape \(3, 2\); accepted: \(20"),
        ({"user_features": np.full((30, 1), np.inf, np.float32)}, "user_features is inf in row 0, column 0"),
    ],
)
def test_contradictory_data_is_refused_by_name(key, data, change, words):
    with pytest.raises(UnusableData, match=words):
        fit(key, dataclasses.replace(data, **change))
