"""The page for managers answers, empty and full, in all its forms, at a bounded cost."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.factories import make_dataset
from experiments.tests.many import add_run
from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import PartUse
from mlopspro.accounts.permissions import Role
from mlopspro.insights.tests import home_scene as scene
from mlopspro.testing.people import browser, make_member, make_workspace

PAGE, FILE = "insights:insights", "insights:export"
BUDGET = 20


def fill(workspace, number: int) -> None:
    """``number`` of each thing the page counts, spread over the last weeks."""
    now = timezone.now()
    data = make_dataset(workspace)
    for place in range(number):
        at = now - dt.timedelta(days=place % 60)
        add_run(workspace, data, figures={("rated", "f1_at_10"): 0.5, ("pointwise", "rmse"): 0.9}, finished_at=at)
        version = make_version_row(workspace, f"model {place} {at:%H%M%S%f}")
        make_live(version, since=at)
        alert = scene.add_alert(version, hours_ago=24 * (place % 60))
        scene.acknowledge(alert, dt.timedelta(minutes=5))
        scene.add_failed_retraining(version)
        PartUse.objects.create(
            workspace=workspace, user=make_member(workspace), day=at.date(), part="all", seconds=60, last_at=at
        )


def test_an_empty_workspace_says_what_is_missing(client):
    page = client.get(reverse(PAGE))
    assert page.status_code == 200
    html = page.content.decode()
    for words in (
        "No experiment ended in this period",
        "Not enough data",
        "Nothing is recorded.",
        "None in this period",
    ):
        assert words in html


@pytest.mark.parametrize("weeks", ["4", "52", "7", "0", "1e9", "'; drop"])
def test_every_period_answers_and_a_wrong_one_says_what_is_accepted(client, workspace, weeks):
    page = client.get(reverse(PAGE), {"weeks": weeks})
    assert page.status_code == 200
    assert ("That is no period." in page.content.decode()) == (weeks not in {"4", "52", "7"})


def test_what_is_no_metric_and_no_dataset_shows_the_usual(client, workspace):
    fill(workspace, 1)
    usual = client.get(reverse(PAGE)).context["found"].quality
    odd = client.get(reverse(PAGE), {"metric": "rated.' or 1", "dataset": "\x00"}).context["found"].quality
    assert (odd.headline, odd.dataset, odd.weeks) == (usual.headline, usual.dataset, usual.weeks)


def test_the_page_costs_the_same_with_few_and_with_many_rows(client, workspace):
    def cost() -> int:
        client.get(reverse(PAGE))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse(PAGE), {"weeks": 52})
        assert len(page.content) < 250_000
        return len(queries)

    fill(workspace, 1)
    few = cost()
    fill(workspace, 29)
    assert cost() == few <= BUDGET


def test_the_file_the_api_and_the_command_say_what_the_page_says(client, workspace):
    fill(workspace, 3)
    found = client.get(reverse(PAGE), {"weeks": 4}).context["found"]
    text = b"".join(client.get(reverse(FILE), {"weeks": 4}).streaming_content).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    told = client.get("/api/insights", {"weeks": 4}).json()["data"]
    assert [(row["series"], row["period"], row["name"]) for row in lines] == [
        (one["series"], one["period"], one["name"]) for one in told["figures"]
    ]
    out = io.StringIO()
    call_command("insights", "--weeks", "4", "--csv", "-", "--workspace", workspace.slug, stdout=out)
    kept = [row for row in csv.reader(io.StringIO(out.getvalue())) if "a week" not in row[2]]
    assert kept == [row for row in csv.reader(io.StringIO(text)) if "a week" not in row[2]]
    completed = [float(row["value"]) for row in lines if (row["series"], row["name"]) == ("experiments", "completed")]
    assert completed == [week.completed for week in found.velocity.weeks]
    assert told["metric"] == "rated.f1_at_10"
    assert set(told["definitions"]) >= {"velocity", "cost", "use"}
    json.dumps(told)


def test_a_name_that_a_spreadsheet_would_run_is_defused(client, workspace):
    make_live(make_version_row(workspace, "=HYPERLINK(1)"))
    text = b"".join(client.get(reverse(FILE)).streaming_content).decode()
    assert "'=HYPERLINK(1) 1.0.0" in text
    assert ",=HYPERLINK" not in text


def test_the_api_refuses_a_wrong_period_by_name(client):
    answer = client.get("/api/insights", {"weeks": "105"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "weeks"
    assert "1 to 104" in answer.json()["errors"][0]["message"]


def test_the_command_writes_a_file_and_says_what_is_wrong(workspace, tmp_path):
    fill(workspace, 1)
    out = io.StringIO()
    call_command("insights", "--csv", str(tmp_path / "f.csv"), "--workspace", workspace.slug, stdout=out)
    assert (tmp_path / "f.csv").read_text().startswith("series,period,name,value,unit")
    call_command("insights", "--workspace", workspace.slug, stdout=out)
    assert "ended a week" in out.getvalue()
    for options in (["--weeks", "x"], ["--csv", str(tmp_path / "none" / "f.csv")]):
        with pytest.raises(CommandError):
            call_command("insights", *options, "--workspace", workspace.slug, stdout=out)


def test_managers_and_viewers_read_and_nothing_of_another_workspace_counts(workspace):
    fill(make_workspace(), 2)
    for role in (Role.MANAGER, Role.VIEWER):
        page = browser(make_member(workspace, role)).get(reverse(PAGE))
        assert page.status_code == 200
        found = page.context["found"]
        assert (found.velocity.ended, found.alarms.opened, found.production.promotions) == (0, 0, [])
        assert not found.use.has_rows
