"""Explanations over the API: the page's figures, refusals that name the field, nothing of other workspaces."""

from __future__ import annotations

import pytest
from django.utils import timezone

from experiments.models import JobStatus
from experiments.services import explained_model as kept
from experiments.tests.factories import make_experiment
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run
from mlopspro.testing.people import browser, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    kept.forget()


@pytest.fixture
def run(workspace):
    return trained_run(stored_dataset(workspace, "Small synthetic"), "neighbours", "item_knn")


def test_the_answer_is_what_the_page_shows(caller, scientist, run):
    page = browser(scientist).get(f"/experiments/{run.pk}/", {"tab": "explain"})
    user = page.context["examples"][0]
    found = browser(scientist).get(f"/experiments/{run.pk}/", {"tab": "explain", "user": user}).context["found"]
    item = found.items[3].item_id
    answer = caller.get(f"/experiments/{run.pk}/explain?user={user}&item={item}")
    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    assert [each["item_id"] for each in data["items"]] == [each.item_id for each in found.items]
    assert data["asked"] == data["items"][3]
    for each in data["items"]:
        assert sum(part["value"] for part in each["parts"]) == pytest.approx(each["score"], abs=1e-9)
    assert (data["measure"], data["scores_are_ratings"]) == ("contribution", True)
    assert sum(part["overall"] for part in data["importance"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("query", "fields"),
    [("", ["user"]), ("?user=nobody", ["user"]), ("?user=nobody&item=nothing", ["user", "item"])],
)
def test_what_does_not_exist_is_refused_by_field(caller, run, query, fields):
    answer = caller.get(f"/experiments/{run.pk}/explain{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == fields


def test_runs_without_a_model_are_a_conflict_with_its_reason(caller, workspace):
    ended = {"status": JobStatus.COMPLETED, "finished_at": timezone.now()}
    for fields in ({}, ended, ended | {"run_type": "eval"}, ended | {"family": "pricing"}):
        run = make_experiment(workspace, **fields)
        answer = caller.get(f"/experiments/{run.pk}/explain?user=1")
        assert answer.status_code == 409, fields
        assert answer.json()["detail"]


def test_a_run_of_another_workspace_does_not_exist(caller):
    foreign = make_experiment(make_workspace())
    assert caller.get(f"/experiments/{foreign.pk}/explain?user=1").status_code == 404
