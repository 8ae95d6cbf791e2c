"""Hashes of plain runs are what they were before there were recipes, families and other kinds of runs."""

from __future__ import annotations

import pytest

from experiments.services.spec import SplitChoice, config_hash, settings_hash

PLAIN = {
    "dataset_sha256": "ab" * 32,
    "architecture": "item_knn",
    "parameters": {"neighbours": 50, "shrinkage": 1.5},
    "split": {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42},
}
# As the release of issue 3 wrote them into its rows.
CONFIG = "f99854ce9710d5c68c9741d5fb5648b5ef25362769179c6a173bebecdc92ba3a"
SETTINGS = "8ce0514df7fb320a6dac643cebf8f1dc81353ef8d36b875397ab0447f41361b5"


def test_plain_runs_keep_their_hashes():
    assert config_hash(**PLAIN, seed=7) == CONFIG
    assert settings_hash(**PLAIN) == SETTINGS


def test_preparation_changes_them():
    further = {"preparation": {"features": {"leave_out": ["age"]}}}
    assert config_hash(**PLAIN, seed=7, further=further) != CONFIG
    assert settings_hash(**PLAIN, further=further) != SETTINGS


@pytest.mark.parametrize("method", ["random", "time", "leave_last_out", "given"])
def test_the_split_of_interactions_is_stored_as_ever(method):
    choice = SplitChoice(method=method, folds=9, horizon=3, block_km=1.0)
    assert choice.stored(of_table=False) == {"method": method, "test_share": 0.2, "validation_share": 0.1, "seed": 42}


def test_what_does_not_apply_to_a_method_is_not_stored():
    choice = SplitChoice(method="rolling_origin", folds=2, horizon=7, block_km=5.0)
    assert choice.stored(of_table=True) == {
        "method": "rolling_origin",
        "folds": 2,
        "horizon": 7,
        "validation_share": 0.1,
    }
