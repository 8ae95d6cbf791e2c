"""What MLflow shows of a real training, row by row of the specification (F20, F41-F47)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from experiments.services import delivery, launch
from experiments.services.spec import LaunchSpec
from experiments.tests.factories import make_workspace
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from experiments.tests.tracking.mirrors import MlflowReader
from experiments.tracking.mlflow_tracker import MlflowTracker

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]
PARAMETERS = {"epochs": 3, "embedding_dim": 4, "hidden_units": 6, "learning_rate": 0.01, "learning_rate_decay": 0.5}


@pytest.fixture
def story(mlflow_address, db):
    """(run, params, metrics, tags, reader, MLflow's run) of a two-tower run that the pipeline launched."""
    workspace = make_workspace()
    dataset = stored_dataset(workspace, "Small synthetic")
    spec = LaunchSpec.model_validate(
        {"dataset": dataset.pk, "architecture": "two_tower", "parameters": PARAMETERS, "trackers": ["mlflow"]}
    )
    run = carried_out(launch.launch(workspace=workspace, actor=None, spec=spec, through="pipeline"))
    assert run.status == "completed", run.failure_reason
    tracker = MlflowTracker(mlflow_address, public_url="", data_root=Path(settings.DATA_ROOT), timeout_seconds=60)
    delivery.deliver_waiting(60, experiment=run.pk, using={"mlflow": tracker})
    reader = MlflowReader(mlflow_address)
    (told,) = reader.runs(str(run.pk))
    found = [{row["key"]: row["value"] for row in told["data"][kind]} for kind in ("params", "metrics", "tags")]
    return run, *found, reader, told


def test_mlflow_tells_the_whole_story(story):
    """One training and one delivery, looked at row by row."""
    for look in (
        all_settings_are_parameters,
        every_epoch_has_its_losses_and_learning_rate,
        the_data_the_size_and_the_time_are_told,
        tags_say_what_it_is_and_where_it_comes_from,
        weights_figures_history_and_configuration_are_artifacts,
        it_is_named_by_model_and_time,
        figures_at_several_lengths_have_names_without_at_signs,
    ):
        look(story)


def all_settings_are_parameters(story):
    _, params, *_ = story
    expected = {name: str(value) for name, value in PARAMETERS.items()} | {
        "architecture": "two_tower", "seed": "42", "batch_size": "1024", "history_dropout": "0.5",
        "split.method": "random", "split.test_share": "0.2", "optimizer.name": "Adam", "optimizer.beta_1": "0.9",
        "optimizer.epsilon": "1e-07", "loss": "in-batch sampled softmax, log-Q corrected",
    }  # fmt: skip
    assert {name: params.get(name) for name in expected} == expected
    assert "item_embedding Embedding" in params["layers"]


def every_epoch_has_its_losses_and_learning_rate(story):
    run, *_, reader, told = story
    for name in ("train_loss", "val_loss", "learning_rate"):
        rows = run.epochs.order_by("epoch")
        points = [(step, value) for step, _, value in reader.history(told["info"]["run_id"], name)]
        assert points == [(row.epoch, pytest.approx(row.values[name])) for row in rows], name
    rates = [value for _, _, value in reader.history(told["info"]["run_id"], "learning_rate")]
    assert rates == pytest.approx([0.01, 0.005, 0.0025])


def the_data_the_size_and_the_time_are_told(story):
    run, params, metrics, *_ = story
    assert params["dataset.num_users"] == params["data.num_users"] == str(run.dataset.num_users)
    assert params["dataset.num_items"] == str(run.dataset.num_items)
    assert int(params["total_parameters"]) == metrics["total_parameters"] == run.total_parameters
    assert metrics["training_time_seconds"] == run.timings["train"] > 0
    sizes = {row.kind: row.size_bytes for row in run.artifacts.all()}
    assert metrics["model_size_bytes"] >= sizes["scorer"] > 0


def tags_say_what_it_is_and_where_it_comes_from(story):
    run, _, _, tags, *_ = story
    expected = {
        "model_type": "retrieval", "model_name": run.name, "framework": "keras", "status": "inactive",
        "pipeline": "training", "is_pipeline": "true",
    }  # fmt: skip
    assert {name: tags.get(name) for name in expected} == expected


def weights_figures_history_and_configuration_are_artifacts(story):
    run, *_, reader, told = story
    files = reader.files(told["info"]["run_id"])
    names = {Path(name).name for name in files}
    assert {"metrics.json", "history.json", "configuration.json"} <= names
    assert any(name.endswith(".keras") for name in names)
    assert any(name.endswith(".safetensors") for name in names)
    recorded = {row.name: row.sha256 for row in run.artifacts.all()}
    assert all(recorded[name] == digest for name, digest in files.items())


def it_is_named_by_model_and_time(story):
    *_, told = story
    assert re.fullmatch(r"two_tower-\d{8}-\d{6}", told["info"]["run_name"])


def figures_at_several_lengths_have_names_without_at_signs(story):
    _, _, metrics, *_ = story
    for name in ("recall", "ndcg", "coverage"):
        for k in (10, 50, 100):
            assert f"catalogue.{name}_at_{k}" in metrics
    assert not [name for name in metrics if "@" in name]
