"""The registry's API: outer words, scopes, blockers as problem details, and calls that may be repeated."""

from __future__ import annotations

import datetime as dt

import pytest

from experiments.models import ModelVersion, StageChange
from experiments.services import promotion
from experiments.tests.api.conftest import Caller
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.registered import judged_run, judged_version, make_model
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.permissions import Scope
from mlopspro.testing.people import make_workspace

MODELS, RUNS = "/ml-development/models", "/ml-development/runs"


@pytest.fixture
def caller(workspace, engineer) -> Caller:
    return Caller(engineer, workspace, Scope.MODELS)


@pytest.fixture
def trainer(workspace, engineer) -> Caller:
    return Caller(engineer, workspace, Scope.READ, Scope.TRAIN)


def put(caller: Caller, path: str, body: object):
    return caller.client.put(f"/api{path}", body, content_type="application/json")


def fields(answer) -> list[str]:
    assert answer["Content-Type"] == "application/problem+json"
    return [error["field"] for error in answer.json()["errors"]]


def test_register_promote_and_roll_back_in_outer_words(caller, workspace):
    first = judged_run(workspace, scores(0.3, seed=1))
    made = caller.post(MODELS, {"run": str(first.pk), "name": "films", "notes": "first"})
    assert made.status_code == 201
    version = made.json()["data"]
    assert (version["number"], version["status"], version["notes"]) == ("1.0.0", "draft", "first")
    assert {file["name"] for file in version["files"]} == {"model.json", "per_user.parquet"}
    model = f"{MODELS}/{version['model']}"

    promoted = caller.post(f"{model}/versions/{version['id']}/promote", {"reason": "go", "in_production": ""})
    assert promoted.json()["data"]["to_status"] == "production"
    second = judged_run(workspace, scores(0.5, seed=2), dataset=first.dataset)
    better = caller.post(f"{model}/versions", {"run": str(second.pk)}).json()["data"]
    assessed = caller.get(f"{model}/versions/{better['id']}/promotion").json()["data"]
    assert (assessed["blockers"], assessed["gate"]["passed"]) == ([], True)
    between = dt.datetime.now(dt.UTC)
    assert caller.post(f"{model}/versions/{better['id']}/promote", {}).status_code == 200
    assert caller.get(f"{model}/versions/{version['id']}").json()["data"]["status"] == "retired"
    back = caller.post(f"{model}/rollback", {"reason": "too slow"}).json()["data"]
    assert (back["kind"], back["number"], back["from_status"]) == ("rolled_back", "1.0.0", "retired")

    live = caller.get(f"{model}/live?at={between.isoformat().replace('+', '%2B')}").json()["data"]
    assert (live["version"]["number"], live["until"] is not None) == ("1.0.0", True)
    assert caller.get(f"{model}/live").json()["data"]["version"]["number"] == "1.0.0"
    assert caller.get(f"{model}/live?at=2020-01-01T00:00:00Z").json()["data"]["version"] is None
    assert caller.get(f"{model}/history").json()["count"] == 7
    listed = caller.get(f"{MODELS}?status=production").json()
    assert (listed["count"], listed["data"][0]["production"]["number"]) == (1, "1.0.0")
    assert caller.get(f"{model}/versions?status=retired").json()["count"] == 1


def test_blockers_are_conflicts_that_say_what_may_be_overruled(caller, workspace):
    live = judged_version(workspace, scores(0.5), "films")
    promotion.promote(live, actor=None)
    worse = judged_version(workspace, scores(0.1), "films")
    path = f"{MODELS}/{live.model_id}/versions/{worse.pk}/promote"
    answer = caller.post(path, {})
    assert answer.status_code == 409
    assert [(error["field"], error["can_force"]) for error in answer.json()["errors"]] == [("gate_failed", True)]
    assert fields(caller.post(path, {"force": True})) == ["reason"]
    assert caller.post(path, {"in_production": "1.0.1"}).status_code == 409, "another one is there"
    forced = caller.post(path, {"force": True, "reason": "agreed with everybody"}).json()["data"]
    assert forced["forced"] is True


def test_a_repeated_rollback_goes_back_once(caller, workspace):
    made = [judged_version(workspace, scores(0.2 + step / 5, seed=step), "films") for step in range(3)]
    for version in made:
        promotion.promote(version, actor=None)
    path = f"{MODELS}/{made[0].model_id}/rollback"
    key = {"Idempotency-Key": "one rollback"}
    answers = [caller.post(path, {}, **key).json()["data"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert StageChange.objects.filter(kind="rolled_back").count() == 1
    assert caller.post(path, {}, **{"Idempotency-Key": "another"}).json()["data"]["number"] == "1.0.0"


def test_a_call_that_failed_may_be_repeated_with_its_key(caller, workspace):
    version = judged_version(workspace, scores(0.3), "films")
    path = f"{MODELS}/{version.model_id}/rollback"
    key = {"Idempotency-Key": "again"}
    assert caller.post(path, {}, **key).status_code == 422
    assert caller.post(path, {}, **key).status_code == 422


def test_a_repeated_registration_answers_with_the_first_version(caller, workspace):
    run = judged_run(workspace, scores(0.3))
    body, key = {"run": str(run.pk), "name": "films"}, {"Idempotency-Key": "k"}
    answers = [caller.post(MODELS, body, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert ModelVersion.objects.count() == 1
    assert fields(caller.post(MODELS, body)) == ["run"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "films"}, "run"),
        ({"name": "films", "run": "6f2c8c1e-0000-4000-8000-000000000000"}, "run"),
        ({"name": "films", "run": "nonsense"}, "asked.run"),
        ({"name": "films", "stage": "production"}, "asked.stage"),
        ({"name": "a/b", "run": "RUN"}, "name"),
        ({"name": "films", "run": "RUN", "number": "one"}, "number"),
    ],
)
def test_what_is_wrong_with_a_registration_is_named(caller, workspace, body, field):
    run = judged_run(workspace, scores(0.3))
    answer = caller.post(MODELS, {**body, **({"run": str(run.pk)} if body.get("run") == "RUN" else {})})
    assert answer.status_code == 422
    assert fields(answer) == [field]


def test_a_run_of_another_workspace_is_no_run(caller):
    run = judged_run(make_workspace(), scores(0.3))
    assert fields(caller.post(MODELS, {"run": str(run.pk), "name": "films"})) == ["run"]


def test_a_model_is_changed_field_by_field(caller, workspace, engineer):
    model = make_model(workspace, "films")
    path = f"{MODELS}/{model.pk}"
    changed = put(caller, path, {"description": "What to watch", "owner": engineer.email, "tags": ["tv"]}).json()[
        "data"
    ]
    assert (changed["description"], changed["owner"], changed["name"]) == ("What to watch", engineer.email, "films")
    assert fields(put(caller, path, {"minimum_improvement": -1, "headline": "nonsense"})) == [
        "headline", "minimum_improvement",
    ]  # fmt: skip
    assert fields(put(caller, path, {"owner": "nobody@example.org"})) == ["owner"]
    assert put(caller, path, {"archived": True}).json()["data"]["archived"] is True
    assert caller.get(MODELS).json()["count"] == 0
    assert caller.get(f"{MODELS}?archived=true&tag=tv&q=watch&family=recommendation").json()["count"] == 1
    assert put(caller, path, {"name": "x"}).status_code == 409


def test_lists_are_filtered_and_paged_and_refuse_what_they_do_not_know(caller, workspace):
    for name in ("a", "b", "c"):
        make_model(workspace, name)
    page = caller.get(f"{MODELS}?limit=1&offset=1").json()
    assert ([row["name"] for row in page["data"]], page["count"]) == (["b"], 3)
    assert fields(caller.get(f"{MODELS}?familly=pricing")) == ["familly"]
    assert fields(caller.get(f"{MODELS}?status=live")) == ["status"]


def test_a_list_costs_the_same_however_long_it_is(caller, workspace, django_assert_max_num_queries):
    for number in range(6):
        promotion.promote(judged_version(workspace, scores(0.3), f"films {number}"), actor=None)
    with django_assert_max_num_queries(12):
        assert caller.get(MODELS).json()["count"] == 6


def test_a_key_needs_the_scope_of_models(workspace, engineer, trainer):
    version = judged_version(workspace, scores(0.3), "films")
    path = f"{MODELS}/{version.model_id}"
    assert trainer.get(path).status_code == 200
    for call in (trainer.post(f"{path}/versions/{version.pk}/promote", {}), trainer.post(f"{path}/rollback", {})):
        assert call.status_code == 403
    assert not ModelVersion.objects.filter(stage="production").exists()


# --- Runs (F219) -----------------------------------------------------------------------------------------------------


def test_runs_are_launched_found_and_described_in_outer_words(trainer, workspace):
    dataset = make_dataset(workspace)
    body = {"dataset": str(dataset.pk), "architecture": "popularity", "name": "first"}
    key = {"Idempotency-Key": "launch"}
    answers = [trainer.post(RUNS, body, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    run = answers[0].json()["data"]
    assert answers[1].json()["data"]["id"] == run["id"]
    assert (run["status"], run["family"], run["run_type"]) == ("queued", "recommendation", "train")

    done = judged_version(workspace, scores(0.3), "films").experiment
    (found,) = trainer.get(f"{RUNS}?status=succeeded").json()["data"]
    assert (found["id"], found["status"]) == (str(done.pk), "succeeded")
    detail = trainer.get(f"{RUNS}/{done.pk}").json()["data"]
    assert [(one["name"], one["number"]) for one in detail["model_versions"]] == [("films", "1.0.0")]


def test_a_run_is_described_and_its_figures_are_not(trainer, workspace):
    run = make_experiment(workspace, tags=["old", "keep"])
    changed = put(trainer, f"{RUNS}/{run.pk}", {"name": "better name", "notes": "a note", "tags": ["keep", "new"]})
    assert {key: changed.json()["data"][key] for key in ("name", "notes", "tags")} == {
        "name": "better name", "notes": "a note", "tags": ["keep", "new"],
    }  # fmt: skip
    assert put(trainer, f"{RUNS}/{run.pk}", {"status": "completed"}).status_code == 422
    assert fields(put(trainer, f"{RUNS}/{run.pk}", {"name": "\n"})) == ["name"]
    assert fields(put(trainer, f"{RUNS}/{run.pk}", {"tags": ["x" * 100]})) == ["tags"]
    assert trainer.get(f"{RUNS}?statuss=failed").status_code == 422
