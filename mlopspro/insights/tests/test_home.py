"""Home: what needs somebody comes first and can be acted on, what runs says how far it is, and it costs the same."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.models import Experiment
from experiments.services import launch
from experiments.tests.factories import make_experiment
from experiments.tests.pages import scenes
from mlopspro.accounts.permissions import Role
from mlopspro.insights.selectors.attention import SHOWN
from mlopspro.insights.selectors.home import home
from mlopspro.insights.tests import home_scene as scene
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.models import Retraining

HTMX = {"HX-Request": "true"}
BUDGET = 25


def kinds(workspace) -> list[str]:
    return [one.kind for one in home(workspace).attention.items]


def words(client) -> str:
    answer = client.get(reverse("insights:home"))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_an_empty_workspace_is_welcomed(client, workspace):
    assert home(workspace).is_empty
    assert "Welcome. There is no data yet." in words(client)


def test_what_waits_is_sorted_by_urgency_then_by_age(workspace):
    first, second = scene.live_model(workspace, "Films"), scene.live_model(workspace, "Books")
    scene.add_alert(first, "warning", hours_ago=1)
    scene.add_alert(second, "warning", hours_ago=5)
    scene.add_alert(first, "critical", hours_ago=0.1)
    scene.add_decision(first, "consider_soon", "open")
    scene.add_failed_run(workspace)
    scene.add_draft(workspace)
    scene.add_failing_channel(workspace)
    scene.stop_all(workspace)
    found = home(workspace).attention.items
    assert [one.kind for one in found] == [
        "Critical alert", "Channel fails", "Warning alert", "Warning alert", "Proposal", "Kill switch", "Run failed",
        "Upload",
    ]  # fmt: skip
    assert [one.title for one in found[2:4]] == ["Books", "Films"]
    assert all(one.href.startswith("/") and one.since for one in found)


@pytest.mark.parametrize("state", ["acknowledged", "snoozed", "resolved"])
def test_an_alert_that_somebody_has_taken_waits_no_longer(workspace, state):
    scene.add_alert(scene.live_model(workspace, "Films"), "critical", state)
    assert kinds(workspace) == []


def test_a_channel_that_delivers_again_is_no_trouble(workspace):
    scene.add_failing_channel(workspace, arrived=(False, True))
    assert kinds(workspace) == []


def test_a_failed_run_is_shown_until_somebody_does_something_about_it(workspace):
    retried, cloned = scene.add_failed_run(workspace, "retried"), scene.add_failed_run(workspace, "cloned")
    scene.add_failed_run(workspace, "old", created_at=timezone.now() - dt.timedelta(days=8))
    scene.add_failed_run(workspace, "of a search", search=scene.add_search(workspace), trial=7)
    assert {one.title for one in home(workspace).attention.items} == {"retried", "cloned"}
    launch.retry(retried, make_member(workspace))
    make_experiment(workspace, cloned_from=cloned)
    assert kinds(workspace) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, ["Approval"]), ({"promote": "automatic"}, []), ({"step": 1}, [])],
    ids=["at its last step", "promotes by itself", "before its last step"],
)
def test_a_canary_waits_for_a_person_only_at_its_last_step(workspace, fields, expected):
    scene.add_canary(scene.live_model(workspace, "Films"), **fields)
    assert kinds(workspace) == expected


def test_an_approved_canary_waits_for_nobody(workspace):
    made = scene.add_canary(scene.live_model(workspace, "Films"))
    step = made.steps.get()
    step.evidence |= {"approved": {"by": "somebody"}}
    step.save()
    assert kinds(workspace) == []


def test_a_failed_retraining_is_shown_until_the_next_begins(workspace):
    version = scene.live_model(workspace, "Films")
    scene.add_failed_retraining(version)
    assert kinds(workspace) == ["Retraining failed"]
    Retraining.objects.create(model=version.model, base=version, state="composing")
    assert kinds(workspace) == []


@pytest.mark.parametrize(
    ("outcome", "method", "expected"),
    [
        ("winner", "sequential", ["Trial has a winner"]),
        ("srm_broken", "sequential", ["Trial's split is broken"]),
        ("not_enough", "sequential", []),
        ("winner", "fixed", []),
    ],
)
def test_a_trial_waits_for_a_person_once_its_method_may_say_so(workspace, outcome, method, expected):
    """Of a fixed horizon a reading before its end says nothing."""
    scene.add_trial(scene.live_model(workspace, "Films"), outcome, method=method)
    assert kinds(workspace) == expected


def test_a_fixed_trial_that_has_run_its_time_waits(workspace):
    trial = scene.add_trial(scene.live_model(workspace, "Films"), method="fixed")
    trial.verdict = {"outcome": "no_difference", "sentence": "No difference."}
    trial.save()
    assert kinds(workspace) == ["Trial found no difference"]


def test_what_runs_says_how_far_it_is(client, workspace):
    version = scene.live_model(workspace, "Films")
    scene.add_trial(version, "not_enough")
    scene.add_canary(scene.live_model(workspace, "Books"), step=0, share=0.05)
    scene.add_search(workspace, trials=8, ended=2)
    scene.add_drill(workspace)
    scenes.running_run(workspace, name="hybrid of May")
    shown = {one.kind: one for one in home(workspace).running}
    assert (shown["Search"].label, shown["Search"].share) == ("2 of 8 trials", 0.25)
    # Two of eight in four minutes: the other six take twelve more.
    assert shown["Search"].eta.total_seconds() == pytest.approx(12 * 60, rel=0.1)
    assert (shown["Trial"].label, shown["Trial"].share) == ("300 of 1\u202f200 users", 0.25)
    assert shown["Drill"].share == 0.25
    assert shown["Retraining"].share == 0.05
    assert [step["state"] for step in shown["Retraining"].steps] == ["done", "done", "done", "current", "waiting"]
    page = words(client)
    assert "hybrid of May" in page
    assert "Epoch 3/10" in page


def test_runs_of_a_search_and_of_a_retraining_stand_with_it(workspace):
    search = scene.add_search(workspace, ended=0)
    scenes.running_run(workspace, search=search, trial=0)
    scenes.running_run(workspace, created_through="retraining")
    found = home(workspace)
    assert (found.runs, len(found.running)) == ([], 1)


def test_models_say_how_they_are_and_never_more_than_is_known(client, workspace):
    well = scene.live_model(workspace, "Well")
    scene.add_traffic(well, {0: 7, 3: 40})
    scene.add_decision(well, "consider_soon")
    scene.live_model(workspace, "Unknown", quality="not_enough")
    rows = {one.model.name: one for one in home(workspace).models.rows}
    assert (rows["Well"].row.status.key, rows["Well"].row.performance, rows["Well"].tier) == (
        "healthy", 0.97, "consider_soon",
    )  # fmt: skip
    assert (rows["Well"].hours[-1], rows["Well"].hours[-4], sum(rows["Well"].hours)) == (7, 40, 47)
    assert (rows["Unknown"].row.status.key, rows["Unknown"].row.performance, rows["Unknown"].tier) == (
        "not_enough", None, None,
    )  # fmt: skip
    page = words(client)
    assert "Not enough data" in page
    assert "Not decided on yet" in page


def test_a_model_without_a_live_version_is_not_at_a_glance(workspace):
    scene.make_version_row(workspace, "Draft")
    assert home(workspace).models.rows == []


def test_home_costs_the_same_with_one_and_with_thirty_of_everything(client, workspace):
    def cost() -> int:
        client.get(reverse("insights:home"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("insights:home")).status_code == 200
        return len(queries)

    scene.everything(workspace, 1)
    few = cost()
    scene.everything(workspace, 29)
    assert cost() == few <= BUDGET
    answer = client.get(reverse("insights:home"))
    assert len(answer.content) < 250_000
    found = home(workspace).attention
    assert len(found.items) == SHOWN
    assert found.more > 0


def test_buttons_are_for_those_who_may(client, viewer, workspace):
    scene.add_alert(scene.live_model(workspace, "Films"), "critical")
    scene.add_failed_run(workspace)
    for label in ("Acknowledge", "Retry"):
        assert label in words(client)
        assert label not in words(viewer)


def test_an_unchanged_fragment_is_not_sent_again(client, workspace):
    version = scene.live_model(workspace, "Films")
    run = scenes.running_run(workspace)
    address = reverse("insights:home_now")
    first = client.get(address, headers=HTMX)
    assert first.status_code == 200
    assert 'id="home-now"' in first.content.decode()
    assert "<html" not in first.content.decode()
    known = HTMX | {"If-None-Match": first["ETag"]}
    assert client.get(address, headers=known).status_code == 304
    Experiment.objects.filter(pk=run.pk).update(progress_done=4)
    second = client.get(address, headers=known)
    assert second.status_code == 200
    scene.add_alert(version, "info")
    known = HTMX | {"If-None-Match": second["ETag"]}
    assert "An alert" not in client.get(address, headers=known).content.decode()
    assert client.get(address, headers=known).status_code == 200


def test_without_htmx_the_fragments_address_leads_home(client):
    assert client.get(reverse("insights:home_now"))["Location"] == "/"


def test_nothing_of_another_workspace_is_shown(workspace):
    theirs = make_workspace()
    scene.everything(theirs, 1)
    found = home(workspace)
    assert found.is_empty
    assert browser(make_member(workspace, Role.VIEWER)).get("/").status_code == 200
