"""Comparing runs over the API: what the page shows, refused in words, nothing of other workspaces."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from experiments.models import LoggedRun
from experiments.tests.factories import make_dataset
from experiments.tests.pages.compared import FIGURES, address, measured_run, trained_pair
from mlopspro.testing.people import browser, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path):
    settings.DATA_ROOT = tmp_path


@pytest.fixture
def pair(workspace):
    data = make_dataset(workspace)
    better = {**FIGURES, ("catalogue", "ndcg_at_10"): 0.4}
    return [measured_run(workspace, "one", dataset=data), measured_run(workspace, "two", better, dataset=data)]


def asked(runs) -> str:
    return ",".join(str(run.pk) for run in runs)


def test_both_addresses_give_figures_verdict_and_sentences_of_the_page(caller, workspace, scientist):
    runs = trained_pair(workspace)
    answer = caller.get(f"/metrics/comparison?experiment_ids={asked(runs)}&metric=catalogue.ndcg_at_10")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["success"], body["count"]) == (True, 2)
    posted = caller.post("/models/compare", {"run_ids": [str(r.pk) for r in runs], "metric": "catalogue.ndcg_at_10"})
    assert posted.json() == body
    data = body["data"]
    assert data["reference"] == str(runs[0].pk)
    group = data["verdict"]["groups"][0]
    pair = group["pairs"][0]
    assert (pair["a"], pair["b"], pair["users"]) == (str(runs[0].pk), str(runs[1].pk), group["values"][0]["users"])
    assert pair["low"] <= pair["difference"] <= pair["high"]
    assert pair["difference"] == pytest.approx(pair["value_b"] - pair["value_a"])
    page = browser(scientist).get(address(*runs, metric="catalogue.ndcg_at_10", verdict="now"))
    assert page.context["verdicts"][0].headline == group["headline"] == pair["sentence"]
    stored = {(row.protocol, row.name): row.value for row in runs[0].metric_values.filter(segment="all")}
    told = {
        (metric["protocol"], metric["name"]): value["value"]
        for metric in data["metrics"]
        for value in metric["values"]
        if value["run"] == str(runs[0].pk)
    }
    assert told == stored


def test_changes_and_what_is_comparable(caller, workspace, pair):
    foreign = measured_run(workspace, "foreign")
    body = caller.get("/metrics/comparison?" + "&".join(f"experiment_ids={run.pk}" for run in [*pair, foreign]))
    data = body.json()["data"]
    metric = next(one for one in data["metrics"] if one["name"] == "ndcg_at_10")
    assert [value["change"] for value in metric["values"]] == [None, pytest.approx(0.1), None]
    assert [set(group) for group in metric["measured_alike"]] == [{str(run.pk) for run in pair}]
    assert any("foreign used another dataset" in one["text"] and one["left"] == "none" for one in data["comparability"])


@pytest.mark.parametrize(
    ("ids", "field"),
    [
        ("", "experiment_ids"),
        ("nonsense", "experiment_ids"),
        (str(uuid.UUID(int=1)), "experiment_ids"),
        (",".join(str(uuid.UUID(int=number)) for number in range(11)), "experiment_ids"),
        ("\x00", "experiment_ids"),
    ],
)
def test_what_is_no_comparison_is_refused_by_name(caller, ids, field):
    answer = caller.get(f"/metrics/comparison?experiment_ids={ids}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert caller.get("/metrics/comparison").status_code == 422


def test_runs_that_are_not_there_and_runs_of_others_look_the_same(caller, workspace, pair):
    deleted = measured_run(workspace, "deleted", deleted_at=timezone.now())
    theirs = measured_run(make_workspace(), "theirs")
    answers = [caller.post("/models/compare", {"run_ids": [str(pair[0].pk), str(pk)]})
               for pk in (uuid.uuid4(), deleted.pk, theirs.pk)]  # fmt: skip
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_metric_without_results_of_each_user_is_refused_with_those_that_have_them(caller, pair):
    answer = caller.get(f"/metrics/comparison?experiment_ids={asked(pair)}&metric=catalogue.coverage_at_10")
    assert answer.status_code == 422
    assert "accepted: rated.f1_at_10, catalogue.ndcg_at_10" in answer.json()["errors"][0]["message"]


def test_an_id_of_mlflow_names_the_run_that_was_logged_there(caller, workspace, pair):
    logged = measured_run(workspace, "notebook", {("logged", "rmse"): 0.9}, origin="mlflow")
    LoggedRun.objects.create(experiment=logged, external_id="0123456789abcdef0123456789abcdef")
    theirs = measured_run(make_workspace(), "theirs", origin="mlflow")
    LoggedRun.objects.create(experiment=theirs, external_id="f" * 32)
    answer = caller.post("/models/compare", {"run_ids": [str(pair[0].pk), "0123456789abcdef0123456789abcdef"]})
    assert [run["id"] for run in answer.json()["data"]["runs"]] == [str(pair[0].pk), str(logged.pk)]
    assert caller.post("/models/compare", {"run_ids": [str(pair[0].pk), "f" * 32]}).status_code == 404


def test_it_costs_the_same_however_many_runs_are_compared(caller, workspace, django_assert_max_num_queries):
    data = make_dataset(workspace)
    runs = [measured_run(workspace, f"run {number}", dataset=data) for number in range(10)]
    caller.get(f"/metrics/comparison?experiment_ids={asked(runs[:2])}")
    with django_assert_max_num_queries(14):
        assert caller.get(f"/metrics/comparison?experiment_ids={asked(runs)}").status_code == 200
