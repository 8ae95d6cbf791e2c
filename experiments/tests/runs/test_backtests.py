"""Backtests: expanding windows through time, each fold beside their mean, no model kept."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.data.interactions import Interactions
from experiments.learning.data.rolling import rolling_origins
from experiments.models import MetricValue
from experiments.services import launch
from experiments.services.spec import LaunchSpec, Refused
from experiments.tests.stored import stored_dataset
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


def interactions(times):
    n = len(times)
    names = np.array([f"{i:03d}" for i in range(n)])
    codes = np.arange(n, dtype=np.int32)
    return Interactions(
        codes, codes, np.ones(n, np.float32), np.asarray(times), None, names, names, "implicit", None
    )  # fmt: skip


@pytest.mark.parametrize("folds", [1, 2, 4])
def test_windows_are_the_newest_rows_each_learnt_from_all_before_it(folds):
    times = np.sort(np.random.default_rng(folds).integers(0, 500, 1000))
    windows = rolling_origins(interactions(times), folds=folds, test_share=0.4, validation_share=0.1)
    assert len(windows) == folds
    tested = np.concatenate([window.split.test for window in windows])
    assert np.array_equal(tested, np.arange(1000 - len(tested), 1000))
    assert abs(len(tested) - 400) < 10
    for window in windows:
        known = np.concatenate([window.split.train, window.split.validation])
        assert np.array_equal(np.sort(known), np.flatnonzero(times < window.start))
        assert times[window.split.train].max() < times[window.split.validation].min()
        assert abs(len(window.split.test) - 400 / folds) < 10


def test_folds_of_a_recommender_stand_beside_their_mean(workspace):
    dataset = stored_dataset(workspace, "Small synthetic")
    run = trained_run(dataset, "back", "item_knn", run_type="backtest", split={"method": "rolling_origin", "folds": 2})
    assert (run.run_type, run.status) == ("backtest", "completed")
    rows = MetricValue.objects.filter(experiment=run, protocol="catalogue", name="ndcg_at_10")
    values = {row.segment: row.value for row in rows}
    assert set(values) == {"all", "fold_1", "fold_2"}
    assert values["all"] == pytest.approx(np.mean([values["fold_1"], values["fold_2"]]))
    stored = run.evaluation.protocols["catalogue"]
    assert stored["deviation"]["ndcg_at_10"] == pytest.approx(np.std([values["fold_1"], values["fold_2"]], ddof=1))
    assert len(stored["folds"]) == 2
    names = set(run.artifacts.values_list("name", flat=True))
    assert not names & {"scorer.safetensors", "per_user.parquet"}


def test_folds_of_a_table_stand_beside_their_mean(workspace):
    dataset = stored_table(workspace, "forecasting")
    run = trained_run(dataset, "back", "seasonal_naive", run_type="backtest", split={"method": "rolling_origin"})
    values = {row.segment: row.value for row in MetricValue.objects.filter(experiment=run, name="mase")}
    assert set(values) == {"all", "fold_1", "fold_2", "fold_3"}
    assert values["all"] == pytest.approx(np.mean([values[f"fold_{fold}"] for fold in (1, 2, 3)]))


@pytest.mark.parametrize("split", [{"method": "random"}, {"method": "time"}])
def test_a_backtest_rolls_its_origin(workspace, split):
    dataset = stored_dataset(workspace, "Small synthetic")
    spec = LaunchSpec.model_validate(
        {"dataset": dataset.pk, "architecture": "item_knn", "run_type": "backtest", "split": split, "trackers": []}
    )
    with pytest.raises(Refused, match="rolling_origin"):
        launch.launch(workspace=workspace, actor=None, spec=spec, through="command")


def test_places_have_no_time_to_roll_through(workspace):
    dataset = stored_table(workspace, "location_scoring")
    spec = LaunchSpec(dataset=dataset.pk, architecture="place_ridge", run_type="backtest", trackers=[])
    with pytest.raises(Refused, match="no backtest"):
        launch.launch(workspace=workspace, actor=None, spec=spec, through="command")
