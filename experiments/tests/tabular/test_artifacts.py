"""A model on a table comes back as it was, or not at all, by the same way as a recommender's."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from experiments.learning import artifacts
from experiments.learning.artifacts import ArtifactError
from experiments.learning.families import Family
from experiments.learning.tabular.artifacts import load_table_scorer_from, save_tabular
from experiments.learning.tabular.base import TabularFitted
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.linear import LinearScorer

FRAME = pd.DataFrame({"a": [1.0, 2.0, np.nan], "kind": ["x", "y", "x"]})


def fitted(bias=1.0):
    encoder = Encoder.fit(FRAME, ("a",), ("kind",))
    return TabularFitted(LinearScorer(encoder, np.arange(len(encoder.names)) / 3, bias), details={"why": "test"})


@pytest.fixture
def stored(tmp_path):
    files = save_tabular(fitted(), tmp_path, {"metrics.json": {}}, {"t.parquet": FRAME}, family=Family.PRICING)
    return tmp_path, {file.name: file.sha256 for file in files}


def test_it_comes_back_with_the_same_predictions(stored):
    np.testing.assert_array_equal(load_table_scorer_from(*stored).predict(FRAME), fitted().scorer.predict(FRAME))


def test_files_have_the_names_that_every_model_has(stored):
    folder, hashes = stored
    assert set(hashes) == {"scorer.safetensors", "scorer.json", "training.json", "metrics.json", "t.parquet"}
    assert json.loads((folder / "scorer.json").read_text())["family"] == "pricing"
    assert json.loads((folder / "training.json").read_text())["why"] == "test"


@pytest.mark.parametrize("name", ["scorer.safetensors", "scorer.json"])
def test_a_changed_byte_is_refused(stored, name):
    folder, hashes = stored
    content = bytearray((folder / name).read_bytes())
    content[-2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} has SHA-256"):
        load_table_scorer_from(folder, hashes)


def test_a_recommender_is_not_taken_for_a_model_on_a_table_nor_the_other_way(stored):
    with pytest.raises(ArtifactError, match=r"Scorer kind is 'table_linear'; accepted: "):
        artifacts.load_scorer_from(*stored)


def test_what_json_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match=r"metrics\.json cannot be written as JSON"):
        save_tabular(fitted(), tmp_path, {"metrics.json": {"rmse": float("nan")}})


def test_settings_too_large_to_be_read_again_are_not_written(tmp_path):
    frame = pd.DataFrame({f"c{column}": [f"{'k' * 190}{row:03d}" for row in range(200)] for column in range(30)})
    encoder = Encoder.fit(frame, (), tuple(frame.columns))
    large = TabularFitted(LinearScorer(encoder, np.zeros(len(encoder.names)), 0.0))
    with pytest.raises(ArtifactError, match=r"scorer\.json would have \d+ bytes; accepted: at most 1048576"):
        save_tabular(large, tmp_path)
