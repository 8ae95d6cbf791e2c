"""Early stopping, divergence and checkpoints, on real fits."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from experiments.learning.recommenders.base import StopTraining
from experiments.learning.recommenders.errors import CheckpointError, Diverged
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import Recorder, fold, ratings, squared_error

MF = get("matrix_factorization")
OVERFITTING = {"embedding_dim": 16, "regularization": 0.02, "epochs": 30}


def noise():
    """Ratings without a pattern: after the biases there is nothing to learn, so validation soon gets worse."""
    data = ratings()
    value = np.random.default_rng(1).integers(1, 6, len(data.train)).astype(np.float32)
    return dataclasses.replace(data, train=dataclasses.replace(data.train, value=value))


def fit(data, observer=None, resume_from=None, seed=0, **parameters):
    return MF.fit(data, MF.validate(parameters), seed=seed, observer=observer or Recorder(), resume_from=resume_from)


def test_early_stopping_keeps_the_weights_of_the_best_epoch():
    data, seen = noise(), Recorder()
    fitted = fit(data, seen, early_stopping_patience=2, **OVERFITTING)
    losses = [values["val_loss"] for values in seen.epochs.values()]
    assert fitted.best_epoch == int(np.argmin(losses)) + 1 == len(losses) - 2
    assert squared_error(fitted, data.validation) == pytest.approx(min(losses))
    assert fitted.details["stopped_early"]
    assert any("Stopped early after epoch" in line for line in seen.lines)


def test_without_patience_all_epochs_run_and_the_last_weights_stay():
    data, seen = ratings(), Recorder()
    fitted = fit(data, seen, early_stopping_patience=0, **OVERFITTING)
    assert len(seen.epochs) == fitted.best_epoch == 30
    assert squared_error(fitted, data.validation) == pytest.approx(seen.epochs[30]["val_loss"])


def test_without_a_validation_part_all_epochs_run():
    data, seen = dataclasses.replace(ratings(), validation=fold([], [], [])), Recorder()
    fitted = fit(data, seen, early_stopping_patience=2, epochs=5)
    assert fitted.best_epoch == 5
    assert all("val_loss" not in values for values in seen.epochs.values())


def test_resuming_a_fit_that_had_run_out_of_patience_trains_no_further(tmp_path):
    data = noise()
    expected = fit(data, Recorder(tmp_path), early_stopping_patience=2, **OVERFITTING)
    last = max(tmp_path.iterdir(), key=lambda folder: int(folder.name))
    again = Recorder()
    resumed = fit(data, again, resume_from=last, early_stopping_patience=2, **OVERFITTING)
    assert again.epochs == {}
    assert resumed.best_epoch == expected.best_epoch
    assert squared_error(resumed, data.validation) == squared_error(expected, data.validation)


def test_a_loss_beyond_numbers_is_a_divergence_with_advice():
    data = ratings()
    huge = dataclasses.replace(
        data, train=dataclasses.replace(data.train, value=np.full(len(data.train), 1e25, np.float32))
    )
    hybrid = get("hybrid")
    with pytest.raises(
        Diverged, match=r"training loss of epoch 1 at learning rate 0\.5 .*learning rate ten times"
    ) as e:
        hybrid.fit(huge, hybrid.validate({"learning_rate": 0.5, "epochs": 2}), seed=0, observer=Recorder())
    assert (e.value.epoch, e.value.learning_rate) == (1, 0.5)


@pytest.fixture
def interrupted(tmp_path):
    data = ratings()
    with pytest.raises(StopTraining):
        fit(data, Recorder(tmp_path, stop_after=1))
    return data, tmp_path / "1"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"seed": 1}, "its seed is 0, this run's is 1"), ({"epochs": 9}, "its parameters is"), ({}, "data_sha256")],
)
def test_a_checkpoint_of_another_run_is_refused(interrupted, change, words):
    data, folder = interrupted
    if not change:
        data = ratings(seed=1)
    with pytest.raises(CheckpointError, match=words):
        fit(data, resume_from=folder, **change)


def test_a_damaged_checkpoint_is_refused(interrupted):
    data, folder = interrupted
    path = folder / "state.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        fit(data, resume_from=folder)


@pytest.mark.parametrize("missing", ["state.safetensors", "progress.json"])
def test_half_a_checkpoint_is_refused(interrupted, missing):
    data, folder = interrupted
    (folder / missing).unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        fit(data, resume_from=folder)


def test_a_checkpoint_is_plain_json_and_arrays(interrupted):
    _, folder = interrupted
    assert {file.name for file in folder.iterdir()} == {"state.safetensors", "progress.json"}
    assert json.loads((folder / "progress.json").read_text())["progress"]["epoch"] == 1
