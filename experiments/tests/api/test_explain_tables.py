"""Explanations of tables over the API: the page's figures, refusals that name the field, one workspace alone."""

from __future__ import annotations

import pytest

from experiments.models import JobStatus
from experiments.services import explained_table as kept
from experiments.tests.factories import make_experiment
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run
from mlopspro.testing.people import browser, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    kept.forget()


@pytest.fixture
def run(workspace):
    return trained_run(
        stored_table(workspace, "location_scoring"), "places", "place_boosting", parameters={"trees": 20}
    )


def ask(caller, run, **asked):
    return caller.post(f"/experiments/{run.pk}/explain-row", asked)


def test_columns_and_rows_are_those_of_the_page(caller, scientist, run):
    data = caller.get(f"/experiments/{run.pk}/explain-columns").json()["data"]
    assert sum(each["share"] for each in data["importance"]) == pytest.approx(1)
    row = data["rows"][1]["row"]
    page = browser(scientist).get(f"/experiments/{run.pk}/", {"tab": "explain", "row": row})
    found = page.context["found"]
    answer = ask(caller, run, row=row)
    assert answer.status_code == 200, answer.content
    said = answer.json()["data"]
    assert [(each["name"], each["adds"]) for each in said["columns"]] == [
        (each.name, each.adds) for each in found.columns
    ]
    assert said["base"] + sum(each["adds"] for each in said["columns"]) == pytest.approx(said["predicted"], abs=1e-6)
    column = next(each["name"] for each in data["inputs"] if each["is_number"])
    other = ask(caller, run, row=row, values={column: "12.25"}).json()["data"]
    assert other["changed"] == [column]
    assert other["inputs"][column] == "12.25"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"row": 10**8}, "cannot be asked about; accepted"),
        ({"row": "eight"}, "integer"),
        ({"row": 1.5}, "integer"),
        ({}, "required"),
        ({"values": {"shoe size": "43"}}, "'shoe size' is no column of a prediction; accepted"),
        ({"values": {"latitude": "north"}}, "is no number; accepted"),
    ],
)
def test_bad_input_is_refused_with_what_is_accepted(caller, run, asked, said):
    row = caller.get(f"/experiments/{run.pk}/explain-columns").json()["data"]["rows"][0]["row"]
    answer = ask(caller, run, **(({"row": row} | asked) if asked else {}))
    assert answer.status_code == 422
    assert said in str(answer.json()["errors"])


def test_runs_without_rows_to_explain_are_a_conflict_with_its_reason(caller, workspace):
    for fields in ({}, {"family": "pricing", "status": JobStatus.RUNNING}):
        run = make_experiment(workspace, **fields)
        assert caller.get(f"/experiments/{run.pk}/explain-columns").status_code == 409
        assert ask(caller, run, row=1).status_code == 409


def test_what_is_of_another_workspace_does_not_exist(caller):
    run = make_experiment(make_workspace("Other"))
    assert caller.get(f"/experiments/{run.pk}/explain-columns").status_code == 404
    assert ask(caller, run, row=1).status_code == 404
