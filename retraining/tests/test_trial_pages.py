"""Pages of trials in their states, on real readings; what they cost, and what they keep to themselves."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.models import Deployment
from experiments.tests.versions import make_version_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.models import Trial, TrialReading
from retraining.services import trial_readings, trials
from retraining.tests.objects_trial_pages import make_draft
from retraining.tests.scene import live_model
from retraining.tests.trial_scene import begun, flow, stage

pytestmark = pytest.mark.django_db
BUDGET = 25


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.ENGINEER))


@pytest.fixture
def viewer(workspace):
    return browser(make_member(workspace, Role.VIEWER))


def page(client, name, *args, **query):
    answer = client.get(reverse(f"retraining:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html):
    """What a person reads, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL))


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def won(workspace, **document):
    """A trial whose variant is clearly better, with one reading."""
    here = stage(workspace, 0.2)
    trial = begun(here, **document)
    flow(here, "1.0.0", [f"a{n}" for n in range(300)], 0.2)
    flow(here, "1.0.1", [f"b{n}" for n in range(300)], 0.5)
    trial_readings.read(trial)
    trial.refresh_from_db()
    return trial


def test_without_trials_the_list_says_what_one_is_for_and_where_to_begin(client, viewer, workspace):
    assert "It needs a version in production" in page(client, "trials")
    live = live_model(workspace, "Films")
    make_version_row(workspace, live.model, "1.1.0", stage="staging")
    assert reverse("retraining:trial_new", args=[live.model_id]) in page(client, "trials")
    assert reverse("retraining:trial_new", args=[live.model_id]) not in page(viewer, "trials")


def test_the_list_has_running_trials_first_and_names_as_text(client, workspace):
    trial = won(workspace, name="a <b>bold</b> try")
    make_draft(workspace, "later")
    shown = page(client, "trials")
    assert "a &lt;b&gt;bold&lt;/b&gt; try" in shown
    assert shown.index("bold") < shown.index("later")
    assert "1.0.1 wins" in words(shown)
    assert "a &lt;b&gt;bold" in page(client, "model", trial.model_id)
    other = browser(make_member(make_workspace(), Role.ENGINEER))
    assert "bold" not in page(other, "trials")


def test_a_reading_is_shown_with_verdict_figures_and_checks(client, workspace):
    trial = won(workspace)
    shown = words(page(client, "trial", trial.pk))
    assert "1.0.1 wins" in shown
    assert "600 of 1" in shown.replace("\u202f", "")
    assert "Users are split as planned (1.0.0 300 of 300, 1.0.1 300 of 300)" in shown
    html = page(client, "trial", trial.pk)
    assert reverse("retraining:trial_promote", args=[trial.pk]) in html
    answer = client.get(reverse("retraining:trial", args=[trial.pk])).context
    variant = next(one for one in answer["rows"] if not one.control)
    told = trial.readings.get().verdict["variants"][0]["difference"]
    assert (variant.gap.value, variant.gap.low, variant.gap.high) == (told["value"], told["low"], told["high"])
    assert variant.gap.better is True
    assert variant.value.low < variant.value.value < variant.value.high
    assert [one.name for one in variant.guards] == ["quality", "errors", "slow"]
    assert variant.guards[0].label == "Holds"


def test_a_broken_split_stands_above_everything(client, workspace):
    here = stage(workspace, 0.2)
    trial = begun(here)
    flow(here, "1.0.0", [f"a{n}" for n in range(400)], 0.2)
    flow(here, "1.0.1", [f"b{n}" for n in range(200)], 0.6)
    trial_readings.read(trial)
    html = page(client, "trial", trial.pk)
    assert 'class="verdict tone-bad"' in html
    assert "The split is broken" in html
    assert reverse("retraining:trial_promote", args=[trial.pk]) not in html


def test_a_fixed_horizon_trial_keeps_its_metric_covered_until_its_end(client, workspace):
    """Nothing in the page or its figures tells how the versions differ."""
    trial = won(workspace, method="fixed", planned_users=600)
    answer = client.get(reverse("retraining:trial", args=[trial.pk]))
    html = answer.content.decode()
    assert "The metric is covered." in html
    assert "data-chart=" not in html
    assert all(one.gap is None and one.value is None for one in answer.context["rows"])
    quality = [guard.sentence for one in answer.context["rows"] for guard in one.guards if guard.name == "quality"]
    assert quality
    assert not any(re.search(r"\d", sentence) for sentence in quality)
    Trial.objects.filter(pk=trial.pk).update(planned_end=trial.started_at)
    trial_readings.read(Trial.objects.get(pk=trial.pk))
    html = page(client, "trial", trial.pk)
    assert "1.0.1 wins" in html
    assert "data-chart=" in html


def test_an_unchanged_page_answers_304_and_a_new_reading_does_not(client, workspace):
    trial = won(workspace)
    for address in (reverse("retraining:trial", args=[trial.pk]), reverse("retraining:trials")):
        first = client.get(address, headers={"HX-Request": "true"})
        assert "<html" not in first.content.decode()
        again = {"HX-Request": "true", "If-None-Match": first["ETag"]}
        assert client.get(address, headers=again).status_code == 304
    address = reverse("retraining:trial", args=[trial.pk])
    first = client.get(address, headers={"HX-Request": "true"})
    trial_readings.read(trial)
    again = {"HX-Request": "true", "If-None-Match": first["ETag"]}
    assert client.get(address, headers=again).status_code == 200


def test_a_person_starts_stops_and_deletes(client, viewer, workspace):
    here = stage(workspace, 0.2)
    trial = trials.draft(here.model, here.document(), actor=None)
    start = reverse("retraining:trial_start", args=[trial.pk])
    assert start not in page(viewer, "trial", trial.pk)
    assert viewer.post(start).status_code == 403
    assert "The trial runs." in client.post(start, follow=True).content.decode()
    assert Deployment.objects.filter(role="challenger", ended_at__isnull=True).exists()
    assert "Not started." in client.post(start, follow=True).content.decode(), "twice is said, not done"
    stop = reverse("retraining:trial_stop", args=[trial.pk])
    shown = words(client.post(stop, {"reason": "Enough seen."}, follow=True).content.decode())
    assert "Enough seen." in shown
    assert "Ended" in shown
    assert not Deployment.objects.filter(role="challenger", ended_at__isnull=True).exists()
    other = trials.draft(here.model, here.document(name="another"), actor=None)
    client.post(reverse("retraining:trial_delete", args=[other.pk]))
    assert not Trial.objects.filter(pk=other.pk).exists()


def test_promotion_says_what_will_happen_and_does_it(client, viewer, workspace):
    trial = won(workspace)
    address = reverse("retraining:trial_promote", args=[trial.pk])
    shown = words(page(client, "trial_promote", trial.pk))
    assert "1.0.1 takes the place of 1.0.0" in shown
    assert "Your role does not promote" in words(page(viewer, "trial_promote", trial.pk))
    dialog = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in dialog
    assert "csrfmiddlewaretoken" in dialog
    assert client.post(address, {"reason": "Users like it."}).status_code == 302
    trial.refresh_from_db()
    assert (trial.state, trial.winner.number, trial.winner.stage) == ("ended", "1.0.1", "production")
    again = client.post(address)
    assert again.status_code == 409
    assert "Nothing was done." in again.content.decode()


def test_what_forbids_a_promotion_is_named(client, workspace):
    trial = won(workspace)
    trial.model.archived_at = trial.started_at
    trial.model.save()
    shown = words(page(client, "trial_promote", trial.pk))
    assert "is archived; restore it first. This forbids it." in shown
    assert client.post(reverse("retraining:trial_promote", args=[trial.pk])).status_code == 409


def test_interleaved_lists_have_their_own_words(client, workspace):
    trial = make_draft(workspace, "one list", kind="interleaving")
    Trial.objects.filter(pk=trial.pk).update(state="running", started_at=trial.created_at)
    shown = words(page(client, "trial", trial.pk))
    assert "both have filled in turn" in shown
    assert "Preference" in shown


def test_pages_cost_the_same_with_few_and_many_readings_and_trials(client, workspace):
    trial = won(workspace)
    one, listed = reverse("retraining:trial", args=[trial.pk]), reverse("retraining:trials")
    few, few_trials = cost(client, one), cost(client, listed)
    first = trial.readings.get()
    TrialReading.objects.bulk_create(
        TrialReading(
            trial=trial, at=first.at - (first.at - trial.started_at) * n / 400, arms=first.arms, verdict=first.verdict
        )
        for n in range(1, 300)
    )
    for number in range(5):
        make_draft(workspace, f"draft {number}")
    assert cost(client, one) == few <= BUDGET
    assert cost(client, listed) == few_trials <= BUDGET
    drawn = client.get(one).content
    assert len(drawn) < 250_000
