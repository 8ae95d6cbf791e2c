"""Trials over the API and from the command: the same services, the same words."""

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command

from experiments.services.deployments import champion
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace
from retraining.models import Trial, TrialReading
from retraining.selectors import trials as selectors
from retraining.services import trial_readings
from retraining.tests.trial_scene import aged, begun, flow, stage

pytestmark = pytest.mark.django_db
ADDRESS = "/api/retraining/trials"


@pytest.fixture
def here(db):
    return stage(make_workspace(), 0.2, 0.1)


@pytest.fixture
def engineer(here, client):
    person = make_member(here.workspace, Role.ENGINEER)
    client.force_login(person)
    return person


def post(client, address, **body):
    return client.post(address, data=json.dumps(body), content_type="application/json")


def test_a_trial_from_draft_to_production(here, engineer, client):
    asked = {**here.document(), "model": str(here.model.pk), "guards": {"slow_ms": 500.0}}
    made = post(client, ADDRESS, **asked).json()["data"]
    assert (made["state"], made["verdict"]["outcome"], made["plan"]["guards"]["slow_ms"]) == (
        "draft",
        "not_enough",
        500.0,
    )
    assert [(one["version"], one["control"]) for one in made["arms"]] == [("1.0.0", True), ("1.0.1", False)]
    one = f"{ADDRESS}/{made['id']}"
    changed = client.put(one, data=json.dumps(here.document(name="other")), content_type="application/json")
    assert changed.json()["data"]["name"] == "other"
    assert post(client, f"{one}/start").json()["data"]["state"] == "running"
    assert post(client, f"{one}/start").status_code == 409
    assert client.delete(one).status_code == 409
    aged(Trial.objects.get())
    flow(here, "1.0.0", [f"a{n}" for n in range(300)], 0.2)
    flow(here, "1.0.1", [f"b{n}" for n in range(300)], 0.6)
    read = post(client, f"{one}/read").json()["data"]
    assert (read["verdict"]["winner"], read["arms"][1]["read"]["users"]) == ("1.0.1", 300)
    assert client.get(one).json()["data"]["read_at"]
    listed = client.get(ADDRESS, {"model": str(here.model.pk), "state": "running"}).json()["data"]
    assert [(row["name"], row["outcome"]) for row in listed] == [("other", "winner")]
    promoted = post(client, f"{one}/promote", reason="we are sure")
    assert promoted.json()["data"]["to_stage"] == "production"
    assert champion(here.model).number == "1.0.1"
    assert client.get(one).json()["data"]["winner"] == "1.0.1"
    assert post(client, f"{one}/stop").status_code == 409


def test_what_is_wrong_is_said(here, engineer, client):
    said = post(client, ADDRESS, model=str(here.model.pk), name="x", variants=["9.9.9"])
    assert said.status_code == 422
    assert said.json()["errors"][0]["field"] == "variants"
    assert client.get(ADDRESS, {"colour": "red"}).status_code == 422
    assert client.get(f"{ADDRESS}/plan", {"model": str(here.model.pk)}).status_code == 422
    flow(here, "1.0.0", [f"a{n}" for n in range(100)], 0.3, hours=0.5)
    plan = client.get(
        f"{ADDRESS}/plan", {"model": str(here.model.pk), "metric": "hit_rate_at_10", "users": 5000}
    ).json()
    assert plan["data"]["users"] == 5000
    assert plan["data"]["baseline"]["users"] == 100


def test_who_may_only_read_may_not_start(here, client):
    trial = begun(here)
    client.force_login(make_member(here.workspace, Role.SCIENTIST))
    assert client.get(f"{ADDRESS}/{trial.pk}").status_code == 200
    for act in ("start", "stop", "read", "promote"):
        assert post(client, f"{ADDRESS}/{trial.pk}/{act}").status_code == 403


def test_one_trial_is_few_queries_however_long_it_runs(here, django_assert_max_num_queries):
    trial = begun(here, variants=["1.0.1", "1.0.2"])
    first = trial_readings.read(trial)
    times = [first.at - dt.timedelta(minutes=n) for n in range(1, 451)]
    rows = [TrialReading(trial=trial, at=at, arms=first.arms, verdict=first.verdict) for at in times]
    TrialReading.objects.bulk_create(rows)
    with django_assert_max_num_queries(7):
        view = selectors.detail(trial)
    assert 100 < len(view.course) <= selectors.MOST_POINTS
    assert view.course[-1].at == first.at
    with django_assert_max_num_queries(2):
        assert [one.version.number for row in selectors.of_workspace(here.workspace) for one in row.arms.all()]


def told(*arguments, **options):
    out = io.StringIO()
    call_command("trial", *arguments, stdout=out, **options)
    return out.getvalue()


def test_from_a_terminal(here):
    assert "draft" in told("draft", "two lists", variants=["1.0.1"], shares=[0.4], metric="hit_rate_at_10",
                           planned_users=500, days=1.0)  # fmt: skip
    assert "running" in told("start", "two lists")
    aged(Trial.objects.get())
    flow(here, "1.0.0", [f"a{n}" for n in range(360)], 0.2)
    flow(here, "1.0.1", [f"b{n}" for n in range(240)], 0.6)
    assert "1.0.1 wins" in told("read", "two lists")
    assert json.loads(told("show", "two lists", json=True))["arms"]["1.0.1"]["users"] == 240
    assert "1.0.1 wins" in told("list")
    assert "400" in told("plan", metric="hit_rate_at_10", planned_users=400)
    assert "1.0.1 is in production" in told("promote", "two lists")
    for words, arguments in {
        "is not known": ("show", "nothing"),
        "is ended": ("stop", "two lists"),
        "variants": ("draft", "more"),
    }.items():
        with pytest.raises(CommandError, match=words):
            told(*arguments)
