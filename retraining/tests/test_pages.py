"""Pages of retraining in their states, what they cost, and that names are shown as text."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.models import Decision, KillSwitch, Retraining
from retraining.services import decisions, policies
from retraining.tests.objects import make_decision
from retraining.tests.scene import drifted, live_model, well

pytestmark = pytest.mark.django_db
MODEL_BUDGET, OVERVIEW_BUDGET = 31, 10


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.ADMINISTRATOR))


@pytest.fixture
def model(workspace):
    return live_model(workspace, "<b>Films</b>").model


def page(client, name, *args, **query):
    answer = client.get(reverse(f"retraining:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_without_production_the_list_teaches(client):
    assert "No model is in production" in page(client, "overview")


def test_the_list_shows_tier_reason_and_what_waits(client, model):
    well(model)
    drifted(model)
    decisions.decide(model, through="api")
    shown = page(client, "overview")
    assert "Consider soon" in shown
    assert "Waits for an answer" in shown
    assert "&lt;b&gt;Films&lt;/b&gt;" in shown
    assert "<b>Films" not in shown


def test_a_model_nobody_judged_yet_is_never_well(client, model):
    shown = page(client, "model", model.pk)
    assert "Not enough data" in shown
    assert "Not decided on yet" in shown
    assert "No history yet" in shown


def test_the_page_shows_triggers_proposal_and_brakes(client, model):
    well(model)
    drifted(model)
    client.post(reverse("retraining:check", args=[model.pk]))
    shown = page(client, "model", model.pk)
    assert "Data drift is 0.500, above the agreed 0.300" in shown
    assert "A retraining is proposed." in shown
    assert "A proposal has been waiting for an answer" in shown
    assert "Signals against their thresholds" in shown


def test_accepting_in_the_browser_begins_the_retraining_and_shows_its_steps(client, model):
    drifted(model)
    made = decisions.decide(model, through="api")
    answer = client.post(reverse("retraining:answer", args=[made.pk]), {"accept": "yes"}, follow=True)
    assert "The retraining has begun." in answer.content.decode()
    begun = Retraining.objects.get()
    assert "It begins in a few seconds." in page(client, "run", begun.pk)
    client.post(reverse("retraining:stop", args=[begun.pk]))
    assert Retraining.objects.get().state == "stopped"


def test_a_viewer_reads_and_changes_nothing(workspace, model):
    viewer = browser(make_member(workspace, Role.VIEWER))
    assert reverse("retraining:retrain", args=[model.pk]) not in page(viewer, "model", model.pk)
    assert viewer.post(reverse("retraining:retrain", args=[model.pk])).status_code == 403
    assert viewer.get(reverse("retraining:policy", args=[model.pk])).status_code == 403
    assert not Decision.objects.exists()


def test_the_form_shows_the_policy_and_saves_a_change_as_the_next_revision(client, model):
    address = reverse("retraining:policy", args=[model.pk])
    form = client.get(address).context["form"]
    values = {name: value for name, value in form.initial.items() if value is not False and value is not None}
    wanted = {"drift": "0.45", "degradation": "17.5", "holdout": "30", "promote": "ask", "reason": "Quieter."}
    assert client.post(address, values | wanted).status_code == 302
    found = policies.of(model)
    assert (found.plan.data.holdout_share, found.plan.promote) == (0.3, "ask")
    assert (found.policy.drift.above, found.policy.degradation.above, found.revision) == (0.45, 0.175, 2)


def test_what_is_not_accepted_stands_at_its_field_and_nothing_is_lost(client, model):
    address = reverse("retraining:policy", args=[model.pk])
    values = {name: value for name, value in client.get(address).context["form"].initial.items() if value is not False}
    answer = client.post(address, values | {"zone": "Europe/Nowhere", "cost": "77"})
    assert answer.status_code == 422
    assert "Europe/Nowhere" in answer.context["form"].errors["zone"][0]
    assert 'value="77"' in answer.content.decode()
    assert policies.of(model).revision <= 1


def test_replaying_other_thresholds_tells_how_often_it_would_have_acted(client, model):
    well(model)
    drifted(model, 0.35)
    for hours in range(30):
        decisions.decide(model, through="schedule", now=timezone.now() - dt.timedelta(hours=hours))
    Decision.objects.filter(answer="open").update(answer="dismissed")
    address = reverse("retraining:what_if", args=[model.pk])
    assert "would have acted <strong>0 times" in client.get(address, {"drift": "0.9"}).content.decode()
    assert "would have acted <strong>0 times" not in client.get(address, {"drift": "0.3"}).content.decode()
    assert client.get(address, {"drift": "7"}).status_code == 422


def test_the_kill_switch_is_seen_everywhere(client, model, workspace):
    client.post(reverse("retraining:kill_switch"), {"on": "yes", "reason": "Data outage."})
    assert KillSwitch.objects.get(workspace=workspace).stopped
    assert "Data outage." in page(client, "overview")
    assert "The kill switch is on" in page(client, "model", model.pk)


def test_a_decision_has_its_page(client, model):
    drifted(model)
    made = decisions.decide(model, through="api")
    shown = page(client, "decision", made.pk)
    assert "Data drift is 0.500" in shown
    assert "Waits for an answer" in shown


def test_an_unchanged_page_answers_304(client, model):
    address = reverse("retraining:model", args=[model.pk])
    first = client.get(address, headers={"HX-Request": "true"})
    again = client.get(address, headers={"HX-Request": "true", "If-None-Match": first["ETag"]})
    assert again.status_code == 304


def test_pages_cost_the_same_with_few_and_many_decisions(client, model, workspace):
    well(model)
    make_decision(model)
    address = reverse("retraining:model", args=[model.pk])
    few, few_models = cost(client, address), cost(client, reverse("retraining:overview"))
    for number in range(30):
        make_decision(model)
        if number < 5:
            make_decision(live_model(workspace, f"model {number}").model)
    assert cost(client, address) == few <= MODEL_BUDGET
    assert cost(client, reverse("retraining:overview")) == few_models <= OVERVIEW_BUDGET
