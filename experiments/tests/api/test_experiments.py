"""Reading runs over the API: what a page shows, page by page, and nothing of other workspaces."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from experiments.models import EpochMetrics, MetricValue
from experiments.tests.factories import make_experiment
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db


def test_the_list_holds_the_newest_first_and_says_how_many_there_are(caller, workspace):
    made = [make_experiment(workspace, name=f"run {number}") for number in range(3)]
    make_experiment(make_workspace())
    answer = caller.get("/experiments").json()
    assert answer["count"] == 3
    assert [row["id"] for row in answer["data"]] == [str(run.pk) for run in reversed(made)]


def test_pages_follow_each_other_without_gap_or_double(caller, workspace):
    made = {str(make_experiment(workspace).pk) for _ in range(5)}
    pages, cursor = [], ""
    while not pages or cursor:
        answer = caller.get(f"/experiments?limit=2&cursor={cursor}").json()
        pages.append(answer["data"])
        cursor = answer["next_cursor"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {row["id"] for page in pages for row in page} == made


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "page=2", "cursor=nonsense", "statuss=failed"])
def test_bounds_of_the_list_are_refused_by_name(caller, query):
    answer = caller.get(f"/experiments?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].endswith(query.split("=")[0])


def test_the_list_costs_the_same_however_many_runs_there_are(caller, workspace, django_assert_max_num_queries):
    for _ in range(30):
        make_experiment(workspace)
    caller.get("/experiments")
    with django_assert_max_num_queries(10):  # those of the history's page among them, and a bound on their time
        caller.get("/experiments")


def test_one_run_has_its_metrics_with_protocol_and_reference_lines(caller, workspace):
    run = make_experiment(workspace)
    EpochMetrics.objects.create(experiment=run, epoch=1, values={"train_loss": 1.5}, recorded_at=timezone.now())
    MetricValue.objects.create(
        workspace=workspace,
        experiment=run,
        protocol="rated",
        name="ndcg_at_10",
        k=10,
        value=0.9,
        random=0.5,
        popularity=0.7,
        oracle=1.0,
    )
    data = caller.get(f"/experiments/{run.pk}").json()["data"]
    assert data["status"] == "queued"
    assert data["epochs"][0]["values"] == {"train_loss": 1.5}
    metric = data["metric_values"][0]
    assert (metric["protocol"], metric["popularity"], metric["value"]) == ("rated", 0.7, 0.9)


def test_what_is_not_there_and_what_is_not_yours_look_the_same(caller):
    theirs = make_experiment(make_workspace())
    other, unknown = caller.get(f"/experiments/{theirs.pk}"), caller.get(f"/experiments/{uuid.uuid4()}")
    assert (other.status_code, other.json()) == (404, unknown.json()) == (unknown.status_code, other.json())


def test_an_id_that_is_none_is_refused_in_words(caller):
    assert caller.get("/experiments/1").status_code == 422


def test_stopping_a_waiting_run_ends_it(caller, workspace):
    run = make_experiment(workspace)
    answer = caller.post(f"/experiments/{run.pk}/stop")
    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "cancelled"


def test_the_document_describes_every_operation_and_error(client, caller):
    document = caller.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) >= 6
    for operation in operations:
        assert operation["security"]
        assert {"401", "403", "422"} <= set(operation["responses"])
