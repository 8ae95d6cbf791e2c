"""POST /api/train: launched at once, refused with words, repeated safely."""

from __future__ import annotations

import uuid

import pytest

from experiments.models import Experiment, OutboxEntry
from experiments.tests.api.conftest import Caller
from experiments.tests.factories import make_dataset
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Scope
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db


def asked(dataset, **more):
    return {"dataset": str(dataset.pk), "architecture": "hybrid", **more}


def fields(answer) -> dict[str, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def test_a_run_is_queued_with_its_defaults(caller, dataset, scientist):
    answer = caller.post("/train", asked(dataset))
    assert answer.status_code == 202
    data = answer.json()["data"]
    run = Experiment.objects.get(pk=data["id"])
    assert (run.status, run.created_by, run.created_through, run.workspace) == (
        "queued",
        scientist,
        "api",
        dataset.workspace,
    )
    assert run.parameters["epochs"] == 10
    assert run.parameters["learning_rate"] == 0.001
    assert run.parameters["embedding_dim"] == 50
    assert run.parameters["batch_size"] == 256
    assert run.parameters["regularization"] == 0.01
    assert run.split == {"method": "time", "test_share": 0.2, "validation_share": 0.1, "seed": 42}
    assert run.trackers == ["mlflow", "wandb"]
    assert OutboxEntry.objects.filter(tracker_run__experiment=run, seq=1).count() == 2
    assert AuditEntry.objects.filter(action="launch_training", object_id=str(run.pk)).count() == 1


def test_the_same_idempotency_key_makes_one_run(caller, dataset):
    first = caller.post("/train", asked(dataset), **{"Idempotency-Key": "abc"}).json()["data"]["id"]
    second = caller.post("/train", asked(dataset), **{"Idempotency-Key": "abc"}).json()["data"]["id"]
    other = caller.post("/train", asked(dataset), **{"Idempotency-Key": "abd"}).json()["data"]["id"]
    assert first == second != other


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"epochs": 0}, "parameters.epochs"),
        ({"epochs": 10**9}, "parameters.epochs"),
        ({"batch_size": 10**9}, "parameters.batch_size"),
        ({"embedding_dim": 10**6}, "parameters.embedding_dim"),
        ({"learning_rate": "fast"}, "parameters.learning_rate"),
        ({"learning_rate": -1}, "parameters.learning_rate"),
        ({"wings": 2}, "parameters.wings"),
    ],
)
def test_parameters_out_of_bounds_are_named(caller, dataset, parameters, field):
    answer = caller.post("/train", asked(dataset, parameters=parameters))
    assert answer.status_code == 422
    assert field in fields(answer)
    assert not Experiment.objects.exists()


def test_every_problem_is_named_at_once(caller, dataset):
    answer = caller.post(
        "/train", {"dataset": str(uuid.uuid4()), "architecture": "oracle", "split": {"method": "random"}}
    )
    assert set(fields(answer)) == {"dataset", "architecture"}
    assert "hybrid" in fields(answer)["architecture"]


@pytest.mark.parametrize("field", ["status", "metrics", "workspace", "created_by", "lease_token", "id"])
def test_what_is_not_for_the_caller_to_say_is_refused(caller, dataset, field):
    answer = caller.post("/train", asked(dataset, **{field: "completed"}))
    assert answer.status_code == 422
    assert any(field in name for name in fields(answer))


@pytest.mark.parametrize("body", ['{"dataset": NaN}', "[]", "{", '{"seed": 1e400}', "null", '"x"', ""])
def test_what_is_no_request_is_refused_and_never_breaks(caller, body):
    answer = caller.post("/train", body)
    assert answer.status_code in (400, 422)


def test_deep_json_and_huge_numbers_are_refused(caller, dataset):
    deep = "[" * 10_000 + "]" * 10_000
    assert caller.post("/train", f'{{"dataset": {deep}}}').status_code in (400, 422)
    assert caller.post("/train", asked(dataset, seed=10**30)).status_code == 422


def test_another_workspaces_dataset_does_not_exist(caller):
    theirs = make_dataset(make_workspace())
    answer = caller.post("/train", asked(theirs))
    unknown = caller.post("/train", {"dataset": str(uuid.uuid4())})
    assert answer.status_code == unknown.status_code == 422
    assert fields(answer).keys() == fields(unknown).keys()


def test_a_split_that_does_not_fit_the_data_is_refused_before_the_launch(caller, workspace):
    timeless = make_dataset(workspace, has_timestamps=False)
    for method in ("time", "leave_last_out", "given"):
        answer = caller.post("/train", asked(timeless, split={"method": method}))
        assert answer.status_code == 422
        assert "random" in fields(answer)["split.method"]


def test_too_many_waiting_runs_are_refused_with_the_limit(caller, dataset, settings):
    settings.JOB_QUEUE_LIMIT = 1
    assert caller.post("/train", asked(dataset)).status_code == 202
    answer = caller.post("/train", asked(dataset))
    assert answer.status_code == 429
    assert "limit is 1" in fields(answer)["name"]


def test_a_key_without_the_scope_or_without_its_owner_launches_nothing(workspace, scientist, dataset):
    reader = Caller(scientist, workspace, Scope.READ)
    assert reader.post("/train", asked(dataset)).status_code == 403
    trainer = Caller(scientist, workspace, Scope.TRAIN)
    scientist.memberships.all().delete()
    assert trainer.post("/train", asked(dataset)).status_code == 401
    assert not Experiment.objects.exists()
