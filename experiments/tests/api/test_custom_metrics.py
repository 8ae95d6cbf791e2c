"""Custom metrics over the API, and from the command line."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from experiments.models import CustomMetric
from experiments.services import custom_values
from experiments.tests.api.conftest import Caller
from experiments.tests.custom_metrics.runs import completed, define, value_of, with_figure
from mlopspro.accounts.permissions import Scope
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
FIGURE = "metrics.rated.f1_at_10 * 2"
GIVEN = {"name": "twice", "expression": FIGURE}


def patch(caller, pk, body):
    return caller.client.patch(f"/api/custom-metrics/{pk}", body, content_type="application/json")


def test_defining_listing_and_changing(caller, workspace):
    run = with_figure(completed(workspace))
    made = caller.post("/custom-metrics", GIVEN)
    assert made.status_code == 201
    data = made.json()["data"]
    assert (data["label"], data["version"], data["runs"], data["runs_pending"]) == ("Twice", 1, 1, 1)
    custom_values.compute_pending(60)
    assert value_of(run, "twice") == 1.0
    (listed,) = caller.get("/custom-metrics").json()["data"]
    assert (listed["runs_with_value"], listed["runs_pending"], listed["without_value"]) == (1, 0, [])
    changed = patch(caller, data["id"], {"expression": "metrics.pointwise.rmse * 2", "label": "Error"}).json()["data"]
    assert (changed["version"], changed["label"], changed["runs_pending"]) == (2, "Error", 1)
    custom_values.compute_pending(60)
    (listed,) = caller.get("/custom-metrics").json()["data"]
    assert listed["without_value"] == [
        {"reason": "needs metrics.pointwise.rmse, which this run does not have", "runs": 1}
    ]


def test_archiving_and_bringing_back(caller, workspace):
    metric = define(workspace, FIGURE)
    assert patch(caller, metric.pk, {"archived": True}).json()["data"]["archived"] is True
    assert caller.get("/custom-metrics").json()["count"] == 0
    assert caller.get("/custom-metrics?archived=true").json()["count"] == 1
    refused = patch(caller, metric.pk, {"label": "Other"})
    assert (refused.status_code, "archived" in refused.json()["errors"][0]["message"]) == (422, True)
    back = patch(caller, metric.pk, {"archived": False, "label": "Other"}).json()["data"]
    assert (back["archived"], back["label"]) == (False, "Other")


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (GIVEN | {"expression": "mean(rated.ndgc_at_10)"}, "expression", "Did you mean rated.ndcg_at_10?"),
        (GIVEN | {"expression": ""}, "expression", "at least 1 character"),
        (GIVEN | {"expression": "1+" * 600}, "expression", "at most 1000"),
        (GIVEN | {"name": "RMSE"}, "name", "small letters"),
        (GIVEN | {"name": "rmse"}, "name", "built in"),
        (GIVEN | {"name": "taken"}, "name", "there is a metric taken already"),
        (GIVEN | {"colour": "red"}, "colour", "not permitted"),
        ({"name": "x"}, "expression", "required"),
    ],
)
def test_what_is_refused_names_its_field(caller, workspace, body, field, words):
    define(workspace, FIGURE, "taken")
    answer = caller.post("/custom-metrics", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"].endswith(field)
    assert words in error["message"]
    assert CustomMetric.objects.count() == 1


def test_reading_is_not_enough_to_define_and_others_metrics_do_not_exist(caller, workspace, scientist):
    reader = Caller(scientist, workspace, Scope.READ)
    assert reader.post("/custom-metrics", GIVEN).status_code == 403
    theirs = define(make_workspace(), FIGURE)
    assert patch(caller, theirs.pk, {"label": "Mine"}).status_code == 404
    assert caller.get("/custom-metrics").json()["count"] == 0


def test_the_number_of_metrics_is_bounded(caller, workspace):
    CustomMetric.objects.bulk_create(
        CustomMetric(workspace=workspace, name=f"m_{number}", label="m", expression=FIGURE) for number in range(100)
    )
    answer = caller.post("/custom-metrics", GIVEN)
    assert (answer.status_code, "100 metrics already" in answer.json()["errors"][0]["message"]) == (429, True)
    last = CustomMetric.objects.get(name="m_0")
    assert patch(caller, last.pk, {"archived": True}).status_code == 200
    assert caller.post("/custom-metrics", GIVEN).status_code == 201
    assert patch(caller, last.pk, {"archived": False}).status_code == 429


def command(*arguments):
    out = io.StringIO()
    call_command("custom_metrics", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_adds_computes_and_lists(workspace):
    here = ("--workspace", workspace.slug)
    run = with_figure(completed(workspace))
    completed(workspace)
    assert "None yet" in command(*here, "list")
    assert "Defined twice" in command(*here, "add", "twice", FIGURE, "--label", "Twice", "--lower-is-better")
    assert "2 to be computed" in command(*here, "list")
    assert "2 runs computed here" in command(*here, "compute")
    assert value_of(run, "twice") == 1.0
    listed = command(*here, "list")
    assert "1 of 2 runs" in listed
    assert "1 without: needs metrics.rated.f1_at_10" in listed
    for bad, words in ((("add", "x", "mean("), "expression"), (("add", "Bad", FIGURE), "small letters")):
        with pytest.raises(CommandError, match=words):
            command(*here, *bad)
