"""One command, and one ``dvc repro``, train the models of a parameter file."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from experiments.models import Experiment
from experiments.tests.factories import make_workspace
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace

REPOSITORY = Path(__file__).resolve().parents[3]
PIPELINE = REPOSITORY / "pipelines" / "zoo"
TINY = {
    "dataset": "Small synthetic",
    "split": {"method": "leave_last_out"},
    "seed": 7,
    "processes": 1,
    "trackers": [],
    "tags": ["zoo"],
    "models": {
        "two_tower": {"epochs": 2, "embedding_dim": 4, "hidden_units": 4},
        "bert4rec": {"epochs": 2, "embedding_dim": 4, "max_length": 5},
    },
}


def folder_with(tmp_path, **changes):
    folder = tmp_path / "zoo"
    shutil.copytree(PIPELINE, folder, ignore=shutil.ignore_patterns("results", "dvc.lock", "tmp", "cache"))
    (folder / "params.yaml").write_text(yaml.safe_dump(TINY | changes, sort_keys=False))
    stages = (folder / "dvc.yaml").read_text().replace("../../manage.py", str(REPOSITORY / "manage.py"))
    (folder / "dvc.yaml").write_text(stages)
    return folder


def refused(folder, **options):
    with pytest.raises(CommandError) as refusal:
        call_command("train_zoo", params=folder / "params.yaml", **options)
    return str(refusal.value)


@pytest.fixture
def dataset(db):
    return stored_dataset(make_workspace(), "Small synthetic")


def test_what_cannot_be_trained_is_said_before_anything_is(dataset, tmp_path):
    dataset.has_timestamps = False
    dataset.save()
    models = {"bert4rec": {}, "ease": {"regularization": -1}}
    words = refused(folder_with(tmp_path, split={"method": "random"}, models=models), stage="all")
    assert "models.bert4rec.architecture: BERT4Rec learns from the order of events" in words
    assert "models.ease.parameters.regularization" in words
    assert Experiment.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "Nothing"}, "dataset: there is no 'Nothing'; known: Small synthetic"),
        ({"shoe_size": 43}, "shoe_size"),
        ({"models": {}}, "models"),
        ({"models": {"resnet": {}}}, "models.resnet.architecture: 'resnet' is not known"),
        ({"processes": 0}, "processes"),
    ],
)
def test_bad_parameters_are_refused_by_name(dataset, tmp_path, changes, words):
    assert words in refused(folder_with(tmp_path, **changes), stage="prepare")


def test_stages_out_of_order_are_refused_by_what_is_missing(dataset, tmp_path):
    folder = folder_with(tmp_path)
    assert "models.two_tower: there is no two_tower/metrics.json yet" in refused(folder, stage="compare")
    assert "model: 'ease' is not in the parameters" in refused(folder, stage="train", model="ease")


@pytest.mark.services
@pytest.mark.timeout(400)
def test_dvc_repro_trains_compares_and_does_nothing_twice(make_live_stack, tmp_path):
    stack = make_live_stack("zoo", names=())
    folder = folder_with(tmp_path)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = stack.environment | {
        "PATH": path,
        "DVC_SITE_CACHE_DIR": str(tmp_path / "dvc"),
        "DVC_NO_ANALYTICS": "1",
    }

    def repro():
        return subprocess.run(
            [sys.executable, "-m", "dvc", "repro"],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=350, check=False,
        )  # fmt: skip

    with stack.as_default_database():
        dataset = stored_dataset(Workspace.objects.get(), "Small synthetic")
        made = repro()
        assert made.returncode == 0, made.stdout + made.stderr
        runs = {run.architecture: run for run in Experiment.objects.all()}
        assert set(runs) == set(TINY["models"])
        for key, run in runs.items():
            assert (run.status, run.created_through, run.seed) == ("completed", "pipeline", 7), run.failure_reason
            assert run.tags == ["zoo", "pipeline"]
            assert run.parameters["epochs"] == 2
            written = json.loads((folder / "results" / key / "run.json").read_text())
            assert written["id"] == str(run.pk)
            assert written["dataset_statistics"]["num_items"] == dataset.num_items
            assert {row.name for row in run.artifacts.all()} == set(written["artifacts"])
            figures = json.loads((folder / "results" / key / "metrics.json").read_text())
            assert figures["total_parameters"] == run.total_parameters > 0
            assert figures["model_size_bytes"] > 0
            assert {"catalogue.coverage_at_10", "catalogue.coverage_at_50", "catalogue.coverage_at_100"} <= set(figures)
            assert not [name for name in figures if "@" in name]
            with (folder / "results" / key / "history.csv").open() as file:
                history = list(csv.DictReader(file))
            assert [(row["epoch"], float(row["train_loss"]) > 0) for row in history] == [("1", True), ("2", True)]
        assert json.loads((folder / "results" / "dataset.json").read_text())["sha256"] == dataset.sha256
        assert "| two_tower | bert4rec |" in (folder / "results" / "comparison.md").read_text()
        again = repro()
        assert again.returncode == 0, again.stderr
        assert Experiment.objects.count() == 2
