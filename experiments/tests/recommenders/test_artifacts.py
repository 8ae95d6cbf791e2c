"""A stored model comes back as it was, or not at all."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from experiments.learning import artifacts
from experiments.learning.artifacts import ArtifactError
from experiments.learning.recommenders.base import Fitted
from experiments.learning.recommenders.scorers.items import ItemScorer


@pytest.fixture
def fitted():
    return Fitted(ItemScorer(np.array([1, 3, 2], np.float32), num_users=2), predicts_ratings=True, best_epoch=4)


@pytest.fixture
def stored(fitted, tmp_path):
    files = artifacts.save(fitted, tmp_path)
    return tmp_path, {file.name: file.sha256 for file in files}


def test_what_is_reported_is_what_lies_on_disk(fitted, tmp_path):
    files = artifacts.save(
        fitted, tmp_path / "new", {"metrics.json": {"rmse": 0.9}}, {"per_user.parquet": pd.DataFrame({"user": [1]})}
    )
    assert {file.name: file.kind for file in files} == {
        "scorer.safetensors": "scorer",
        "scorer.json": "scorer",
        "training.json": "document",
        "metrics.json": "document",
        "per_user.parquet": "table",
    }
    assert {path.name for path in (tmp_path / "new").iterdir()} == {file.name for file in files}
    for file in files:
        content = (tmp_path / "new" / file.name).read_bytes()
        assert (file.size, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert json.loads((tmp_path / "new" / "training.json").read_text())["best_epoch"] == 4


def test_saving_again_replaces_every_file(fitted, stored):
    folder, hashes = stored
    assert {file.name: file.sha256 for file in artifacts.save(fitted, folder)} == hashes


def test_whether_scores_are_ratings_is_stored(stored):
    assert artifacts.predicts_ratings(*stored)


@pytest.mark.parametrize("name", ["scorer.safetensors", "scorer.json"])
def test_a_changed_byte_is_refused(stored, name):
    folder, hashes = stored
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} has SHA-256"):
        artifacts.load_scorer_from(folder, hashes)


@pytest.mark.parametrize("name", ["scorer.safetensors", "scorer.json"])
def test_a_missing_file_is_refused(stored, name):
    folder, hashes = stored
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=f"{name} is missing"):
        artifacts.load_scorer_from(folder, hashes)


@pytest.mark.parametrize("name", ["scorer.safetensors", "scorer.json"])
def test_a_file_without_a_recorded_hash_is_not_read(stored, name):
    folder, hashes = stored
    del hashes[name]
    with pytest.raises(ArtifactError, match="no recorded SHA-256"):
        artifacts.load_scorer_from(folder, hashes)


def test_a_link_is_not_followed(stored, tmp_path_factory):
    folder, hashes = stored
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "scorer.json"
    (folder / "scorer.json").rename(elsewhere)
    (folder / "scorer.json").symlink_to(elsewhere)
    with pytest.raises(ArtifactError, match="no regular file"):
        artifacts.load_scorer_from(folder, hashes)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("scorer.safetensors", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtin\x94."),
        ("scorer.safetensors", b""),
        ("scorer.safetensors", b"\xff" * 64),
        ("scorer.json", b"[]"),
        ("scorer.json", b"{"),
        ("scorer.json", b"[" * 100_000),
        ("scorer.json", b'{"format": 2, "kind": "items", "num_users": 2}'),
        ("scorer.json", b'{"format": 1, "kind": "module.Class", "num_users": 2}'),
        ("scorer.json", b'{"format": 1, "kind": "items", "num_users": "many"}'),
    ],
)
def test_files_that_hold_no_scorer_are_refused_even_with_the_right_hash(stored, name, content):
    """A pickle's first bytes among them: nothing of it is ever interpreted as one."""
    folder, hashes = stored
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError):
        artifacts.load_scorer_from(folder, hashes | {name: hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize("name", ["../up.json", "/etc/x.json", "a/b.json", "nul\0.json", ".hidden.json", "run.pkl", ""])
def test_names_that_are_no_plain_names_are_refused(fitted, tmp_path, name):
    with pytest.raises(ArtifactError, match="accepted"):
        artifacts.save(fitted, tmp_path / "in", {name: {}})


@pytest.mark.parametrize("name", ["scorer.json", "training.json"])
def test_the_models_own_names_are_taken(fitted, tmp_path, name):
    with pytest.raises(ArtifactError, match="the model's own"):
        artifacts.save(fitted, tmp_path, {name: {}})


def test_a_document_that_json_cannot_hold_is_refused(fitted, tmp_path):
    with pytest.raises(ArtifactError, match=r"metrics\.json cannot be written as JSON"):
        artifacts.save(fitted, tmp_path, {"metrics.json": {"rmse": float("nan")}})
