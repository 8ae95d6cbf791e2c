"""/api/models/…: runs in the form people know from MLflow, ours and those logged straight to MLflow."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from experiments.models import Experiment, LoggedRun, TrackerRun
from experiments.tests.factories import make_experiment
from experiments.tests.many import add_run
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def ours(workspace):
    figures = {("rated", "f1_at_10"): 0.7, ("catalogue", "map_at_10"): 0.1}
    run = add_run(
        workspace, name="ours", model_type="hybrid", figures=figures, parameters={"epochs": 5},
        tags=["team=search", "baseline"], started_at=START, finished_at=START + dt.timedelta(seconds=90),
    )  # fmt: skip
    TrackerRun.objects.create(experiment=run, tracker="mlflow", external_id="a" * 32)
    return run


@pytest.fixture
def logged(workspace):
    run = Experiment.objects.create(
        workspace=workspace, name="theirs", origin="mlflow", status="completed", finished_at=START, tags=["team=ads"],
        metrics={"logged": {"accuracy": 0.8}},
    )  # fmt: skip
    LoggedRun.objects.create(experiment=run, external_id="b" * 32, tags={"mlflow.runName": "theirs", "team": "search"})
    return run


def test_the_list_holds_runs_of_both_origins_with_a_count(caller, ours, logged):
    answer = caller.get("/models/runs").json()
    assert (answer["success"], answer["count"], answer["count_is_exact"]) == (True, 2, True)
    assert {(row["name"], row["origin"], row["mlflow_run_id"][:1]) for row in answer["data"]} == {
        ("ours", "here", "a"),
        ("theirs", "mlflow", "b"),
    }


def test_a_model_type_narrows_the_list_and_the_limit_cuts_it(caller, ours, logged, workspace):
    for _ in range(3):
        make_experiment(workspace, model_type="baseline")
    assert [row["name"] for row in caller.get("/models/runs?model_type=hybrid").json()["data"]] == ["ours"]
    page = caller.get("/models/runs?limit=2").json()
    assert (len(page["data"]), page["count"]) == (2, 5)
    following = caller.get(f"/models/runs?limit=2&cursor={page['next_cursor']}").json()
    assert not {row["run_id"] for row in page["data"]} & {row["run_id"] for row in following["data"]}
    assert caller.get("/models/runs?type=hybrid").status_code == 422


def test_a_run_has_its_times_in_milliseconds_and_all_its_metrics(caller, ours):
    data = caller.get(f"/models/runs/{ours.pk}").json()["data"]
    assert (data["start_time"], data["end_time"]) == (1767225600000, 1767225690000)
    assert data["metrics"] == {"rated.f1_at_10": 0.7, "catalogue.map_at_10": 0.1}
    assert data["params"] == {"epochs": 5}
    assert data["tags"] == {"team": "search", "baseline": ""}


@pytest.mark.parametrize("key", ["a" * 32, "b" * 32])
def test_a_run_is_found_by_its_id_in_mlflow_too(caller, ours, logged, key):
    data = caller.get(f"/models/runs/{key}").json()["data"]
    assert data["mlflow_run_id"] == key
    assert data["name"] == ("ours" if key[0] == "a" else "theirs")


def test_a_logged_run_has_its_tags_of_mlflow_under_those_changed_here(caller, logged):
    data = caller.get(f"/models/runs/{logged.pk}").json()["data"]
    assert data["tags"] == {"mlflow.runName": "theirs", "team": "ads"}
    assert data["dataset"] is None


def test_what_is_of_another_workspace_or_nowhere_does_not_exist(caller):
    other = make_workspace()
    theirs = add_run(other)
    TrackerRun.objects.create(experiment=theirs, tracker="mlflow", external_id="c" * 32)
    for key in (theirs.pk, "c" * 32, uuid.uuid4(), "nothing", "%00", "x" * 500):
        assert caller.get(f"/models/runs/{key}").status_code == 404
    assert caller.get("/models/runs").json()["data"] == []


def test_the_summary_counts_by_type_and_status_and_names_the_latest(caller, ours, workspace):
    newer = add_run(workspace, name="newer", model_type="hybrid")
    make_experiment(workspace, model_type="baseline", status="failed", failure_reason="x", finished_at=START)
    make_experiment(make_workspace(), model_type="ranking")
    data = caller.get("/models/summary").json()["data"]
    assert data["total_runs"] == 3
    assert data["by_type"] == {"hybrid": 2, "baseline": 1}
    assert data["by_status"] == {"completed": 2, "failed": 1}
    assert [row["run_id"] for row in data["latest_models"]] == [str(newer.pk)]


def test_the_summary_costs_the_same_with_many_runs(caller, workspace, django_assert_max_num_queries):
    for number in range(15):
        add_run(workspace, model_type=f"type {number}")
    caller.get("/models/summary")
    with django_assert_max_num_queries(9):
        caller.get("/models/summary")
