"""Planning a trial in the browser: what is filled in, what the planner says, and what is kept."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse

from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.models import Trial
from retraining.services.trial_terms import TrialTerms
from retraining.tests.objects_trial_pages import make_draft
from retraining.tests.test_trial_pages import words
from retraining.tests.trial_scene import flow, stage
from retraining.trial.planner import Design, least_effect, sample_size

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.fixture
def here():
    return stage(make_workspace(), 0.2)


@pytest.fixture
def client(here):
    return browser(make_member(here.workspace, Role.ENGINEER))


@pytest.fixture
def address(here):
    return reverse("retraining:trial_new", args=[here.model.pk])


def filled(client, address, **changes):
    """What a browser sends of the form as it is drawn, with these changes."""
    initial = client.get(address).context["form"].initial
    return {name: value for name, value in initial.items() if value is not None} | changes


def by_hand(**changes):
    """Traffic as a person says it: the scatter is that of one in five."""
    return {"metric": "hit_rate_at_10", "baseline": "0.2", "users_a_day": "500"} | changes


def planner(client, address, data):
    answer = client.get(address, {"plan": "", **data}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    return answer.context["planner"], words(answer.content.decode())


def test_without_traffic_it_says_so_and_plans_from_what_a_person_says(client, address):
    assert "Not enough traffic to plan by itself" in client.get(address).content.decode()
    found, shown = planner(client, address, filled(client, address, **by_hand()))
    design = Design(scatter=0.4, control_share=0.5, method="sequential")
    assert found.planned.users == 14 * 500
    assert found.planned.least_effect == pytest.approx(least_effect(design, 7000))
    assert "at 500 users a day" in shown


def test_each_of_the_three_follows_from_another(client, address):
    data = filled(client, address, **by_hand(given="least_effect", least_effect="0.05", method="fixed"))
    found, _ = planner(client, address, data)
    users = sample_size(Design(scatter=0.4, method="fixed"), 0.05).total
    assert found.planned.users == users
    assert found.days == -(-users // 500)
    data |= {"given": "planned_users", "planned_users": str(users)}
    found, _ = planner(client, address, data)
    assert found.planned.least_effect == pytest.approx(0.05, rel=0.01)
    longer = [effect for _, effect in found.curve]
    assert longer == sorted(longer, reverse=True)


def test_it_plans_from_the_traffic_of_production(client, here, address):
    flow(here, "1.0.0", [f"u{place}" for place in range(200)], 0.25)
    found, shown = planner(client, address, filled(client, address, metric="hit_rate_at_10"))
    assert "of 1.0.0 is 0." in shown
    assert "over 200 users" in shown
    assert found.planned is not None


def test_what_is_saved_is_what_the_planner_showed(client, here, address):
    """Without scripts too: the form and the answer to its GET are one page."""
    data = filled(client, address, **by_hand(name="by hand", quality_drop="7", control_share="60"))
    shown = client.get(address, data).context["planner"]
    assert client.post(address, data).status_code == 302
    made = Trial.objects.get(model=here.model)
    terms = TrialTerms.of(made)
    assert (made.name, made.state, made.metric) == ("by hand", "draft", "hit_rate_at_10")
    assert (terms.planned_users, terms.days) == (shown.planned.users, 14)
    assert terms.least_effect == pytest.approx(shown.planned.least_effect)
    assert terms.guards.quality_drop == pytest.approx(0.07)
    assert made.arms.get().share == pytest.approx(0.4)


def test_what_is_not_accepted_stands_at_its_field_and_nothing_is_lost(client, here, address):
    data = filled(client, address, **by_hand(power="30", name="kept", variants=[]))
    answer = client.post(address, data)
    assert answer.status_code == 422
    assert "variants" in answer.context["form"].errors
    assert 'value="kept"' in answer.content.decode()
    answer = client.post(address, data | {"variants": ["1.0.1"]})
    assert answer.status_code == 422
    assert "0.5" in answer.context["form"].errors["power"][0]
    assert not Trial.objects.exists()
    found, _ = planner(client, address, data | {"days": "many"})
    assert found.problem == "Not accepted yet: Days."
    found, _ = planner(client, address, data | {"power": "80", "given": "least_effect", "least_effect": "0.0001"})
    assert "a year is accepted" in found.warning


def test_a_token_never_stands_in_an_address(client, address):
    """The form is sent by GET to plan: its token is the value of the button that posts, not a field."""
    html = client.get(address).content.decode()
    form = html[html.index('id="trial-form"') : html.index("</form>", html.index('id="trial-form"'))]
    assert form.count("csrfmiddlewaretoken") == 1
    assert 'formmethod="post" name="csrfmiddlewaretoken"' in form


def test_interleaving_is_offered_for_lists_and_plans_on_preferences(client, here, address):
    data = filled(client, address, kind="interleaving", users_a_day="400")
    found, shown = planner(client, address, data)
    assert found.planned.users == 14 * 200
    assert "who choose something" in shown
    client.post(address, data)
    assert Trial.objects.get(model=here.model).metric == "credit"


def test_a_draft_is_changed_and_a_started_trial_keeps_its_plan(client, here):
    made = make_draft(here.workspace)
    address = reverse("retraining:trial_edit", args=[made.pk])
    data = filled(client, address, name="renamed", alpha="1", planned_users="500")
    assert client.post(address, data).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.plan["alpha"], made.plan["planned_users"]) == ("renamed", 0.01, 500)
    Trial.objects.filter(pk=made.pk).update(state="ended")
    assert client.post(address, data | {"name": "again"}).status_code == 302
    made.refresh_from_db()
    assert made.name == "renamed"


def test_a_viewer_plans_nothing(here, address):
    viewer = browser(make_member(here.workspace, Role.VIEWER))
    assert 'formmethod="post"' not in viewer.get(address).content.decode()
    assert viewer.post(address).status_code == 403
