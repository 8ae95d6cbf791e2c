"""The health page and its API in each of its states."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.models import ProcessBeat
from monitoring.selectors import health_figures
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db
PAGE = "/monitoring/health/"
API = "/api/mlops/system-health"
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def client():
    return browser(make_member(make_workspace(), Role.VIEWER))


def test_a_new_installation_is_not_called_healthy(client):
    text = client.get(PAGE).content.decode()
    assert "Not measured yet" in text
    assert "No process has been seen yet" in text
    assert "No request in this time." in text


def test_a_well_installation_says_so_and_a_broken_one_says_why_and_what_to_do(client):
    scenes.well()
    assert "Every check that could be made is passed." in client.get(PAGE).content.decode()
    ProcessBeat.objects.filter(name="worker-train").delete()
    scenes.add_process("worker-train", silent=1000, host="<b>gone</b>")
    health_figures.forget()
    text = client.get(PAGE).content.decode()
    assert "Training worker: silence" in text
    assert "runs wait until it lives" in text
    assert "<b>gone" not in text


def test_response_times_are_shown_by_group_and_for_the_chosen_period(client):
    scenes.add_minute([5, 6, 7], group="recommend", errors=1)
    for period in ("hour", "day", "week", "month", "no such"):
        answer = client.get(PAGE, {"period": period})
        assert answer.status_code == 200
        assert answer.context["health"].total.requests == 3
        assert "Recommendations" in answer.content.decode()


def test_the_fragment_is_a_part_and_unchanged_while_nothing_was_measured_anew(client):
    scenes.well()
    first = client.get(PAGE, headers=FRAGMENT)
    assert b"<html" not in first.content
    again = client.get(PAGE, headers={**FRAGMENT, "If-None-Match": first["ETag"]})
    assert again.status_code == 304
    health_figures.forget()
    assert client.get(PAGE, headers={**FRAGMENT, "If-None-Match": first["ETag"]}).status_code == 200


def cost(client, address: str) -> int:
    client.get(address)
    health_figures.forget()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("address", [PAGE, API])
def test_the_page_costs_the_same_however_much_there_is(client, address):
    scenes.well()
    few = cost(client, address)
    for number in range(30):
        scenes.add_process("web", host=f"host {number}")
        scenes.add_minute([1.0] * 10, process=f"h/{number}/x")
    assert cost(client, address) == few <= 3 + 10


def test_the_api_tells_status_checks_answers_and_processes(client):
    scenes.well()
    scenes.add_minute([10] * 30, group="api", errors=3)
    told = client.get(API, {"period": "day"}).json()
    assert told["status"] == "unhealthy"
    assert told["answers"]["error_rate"] == pytest.approx(0.1)
    assert told["groups"]["api"]["p95_ms"] == pytest.approx(10)
    assert told["groups"]["page"]["p95_ms"] is None
    assert {one["name"] for one in told["processes"]} == set(scenes.ROLES)
    assert told["recommendations"]
    assert client.get(API, {"period": "century"}).status_code == 422


def test_the_api_hides_problems_of_other_workspaces(client):
    problem = {
        "model": "secret",
        "model_id": "00000000-0000-0000-0000-000000000001",
        "version": "1.0.0",
        "problem": "x",
    }
    scenes.well()
    scenes.add_process("web", loading_problems=[problem])
    told = client.get(API)
    assert told.json()["loading_problems"] == []
    assert "secret" not in told.content.decode() + client.get(PAGE).content.decode()
    assert told.json()["status"] == "degraded"
