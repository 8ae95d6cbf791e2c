"""A drill that somebody starts from the browser or the API: a job like any other."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.services.spec import Refused
from experiments.tests.factories import make_dataset
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.drill.synthetic import World
from retraining.models import Drill
from retraining.services import drills

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(drills, "World", lambda seed: World(users=60, items=40, days=42, warm_up_days=14, seed=seed))


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def scientist(workspace):
    return browser(make_member(workspace, Role.SCIENTIST))


def started(client, **values):
    return client.post(
        reverse("retraining:drill_start"), {"source": "steady", "seed": "3", "strategies": ["ours"]} | values
    )


def test_it_is_queued_followed_and_shows_the_chosen_policies(small, workspace, scientist):
    answer = started(scientist)
    row = Drill.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, reverse("retraining:drill", args=[row.pk]))
    assert (row.status, row.parameters["strategies"]) == ("queued", ["never", "daily", "ours"])
    page = scientist.get(answer["Location"]).content.decode()
    assert "Waits for a worker" in page
    drills.carry_out_here(row)
    assert (row.status, row.progress_done) == ("completed", 3)
    assert [one["strategy"] for one in row.result["outcomes"]] == ["never", "daily", "ours"]
    assert "What each policy brought" in scientist.get(answer["Location"]).content.decode()


def test_a_worker_that_is_killed_is_found_and_the_drill_begins_again(small, workspace, scientist):
    started(scientist)
    row = Drill.objects.get()
    assert lifecycle.claim("drill", row.pk) is not None
    Drill.objects.filter(pk=row.pk).update(lease_until=timezone.now() - dt.timedelta(minutes=1))
    assert lifecycle.reap() == 1
    row.refresh_from_db()
    assert row.status == "queued"
    Drill.objects.update(not_before=None)
    assert drills.carry_out_here(row).status == "completed"
    assert row.attempt == 2


def test_somebody_stops_it(small, workspace, scientist):
    started(scientist)
    row = Drill.objects.get()
    scientist.post(reverse("retraining:drill_stop", args=[row.pk]))
    row.refresh_from_db()
    assert row.status == "cancelled"
    assert "It was stopped" in scientist.get(reverse("retraining:drill", args=[row.pk])).content.decode()


def test_a_fragment_that_has_not_changed_is_not_sent_again(workspace, scientist):
    started(scientist)
    path = reverse("retraining:drill", args=[Drill.objects.get().pk])
    first = scientist.get(path, headers={"HX-Request": "true"})
    again = scientist.get(path, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"source": "earthquake"}, "earthquake"),
        ({"seed": "-1"}, "a whole number from 0"),
        ({"seed": "x"}, "whole number"),
    ],
)
def test_what_is_wrong_stands_at_its_field(scientist, values, said):
    answer = started(scientist, **values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Drill.objects.exists()


def test_who_may_not_train_starts_none(workspace):
    assert started(browser(make_member(workspace, Role.VIEWER))).status_code == 403


def test_the_api_starts_one_and_tells_of_it(small, workspace, scientist):
    made = scientist.post("/api/retraining/drills", {"kind": "steady", "seed": 1}, content_type="application/json")
    assert made.status_code == 200, made.content
    said = scientist.get(f"/api/retraining/drills/{made.json()['data']['id']}").json()["data"]
    assert (said["status"], said["parameters"]["seed"]) == ("queued", 1)
    wrong = scientist.post("/api/retraining/drills", {}, content_type="application/json")
    assert wrong.status_code == 422


def test_a_dataset_of_tables_is_refused_by_name(workspace):
    data = make_dataset(workspace, name="prices", family="pricing")
    with pytest.raises(Refused, match="prices is a table"):
        drills.ask(workspace, dataset=data)
