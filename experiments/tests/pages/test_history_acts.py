"""What is done to ticked runs: several at once, each only where it may be, with words for the rest."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from experiments.models import Experiment
from experiments.tests.pages import scenes
from experiments.tests.pages.table import HTMX, measured, names, shown
from mlopspro.accounts.models import AuditEntry


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace)


@pytest.fixture
def runs(workspace, dataset):
    return [measured(workspace, dataset, name) for name in ("first", "second", "third")]


def act(client, name, runs, *, htmx=False, **more):
    data = {"run": [str(getattr(run, "pk", run)) for run in runs], **more}
    address = reverse(f"experiments:selected_{name}")
    return client.post(address, data, headers=HTMX if htmx else {}, follow=not htmx)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_runs_in_progress_are_named_and_the_others_deleted(client, workspace, dataset, runs, scientist):
    running = scenes.running_run(workspace, dataset=dataset, name="still going")
    response = act(client, "delete", [*runs[:2], running])
    assert "2 runs deleted" in said(response)
    assert "still going is running; stop it before deleting it" in said(response)
    assert set(names(response)) == {"third", "still going"}
    assert AuditEntry.objects.filter(action="delete_experiment", actor=scientist).count() == 2


def test_deleted_runs_are_brought_back_from_their_list(client, runs):
    act(client, "delete", runs)
    assert len(Experiment.objects.filter(deleted_at__isnull=False)) == 3
    act(client, "restore", runs[:2], back="deleted=1")
    assert set(names(shown(client))) == {"first", "second"}


def test_tags_are_added_and_removed_once_each_with_a_trace(client, runs):
    act(client, "tag", runs, tags="tuned, paper, tuned")
    assert "All of them have tuned already" in said(act(client, "tag", runs, tags="tuned"))
    act(client, "untag", runs[:1], tags="paper")
    tags = [Experiment.objects.get(pk=run.pk).tags for run in runs]
    assert tags == [["tuned"], ["tuned", "paper"], ["tuned", "paper"]]
    entries = AuditEntry.objects.filter(action="edit_experiment")
    assert entries.count() == 4
    assert entries.filter(object_id=str(runs[0].pk), after={"tags": ["tuned"]}).exists()


def test_a_run_that_would_hold_too_many_tags_is_named_and_left(client, runs):
    Experiment.objects.filter(pk=runs[0].pk).update(tags=[f"tag {number}" for number in range(20)])
    response = act(client, "tag", runs, tags="one more")
    assert "2 runs tagged one more" in said(response)
    assert "left as they are: first" in said(response)
    assert len(Experiment.objects.get(pk=runs[0].pk).tags) == 20


@pytest.mark.parametrize(("tags", "words"), [("", "required"), (" , ", "at least one tag"), ("x" * 61, "up to 60")])
def test_tags_that_are_not_accepted_are_said_and_change_nothing(client, runs, tags, words):
    assert words in said(act(client, "tag", runs, tags=tags))
    assert all(not run.tags for run in Experiment.objects.all())


def test_a_comparison_takes_two_to_ten_in_their_order(client, runs):
    address = reverse("experiments:selected_compare")
    response = client.post(address, {"run": [str(run.pk) for run in reversed(runs)]})
    assert response["Location"] == f"/experiments/compare/?ids={','.join(str(run.pk) for run in reversed(runs))}"
    assert "1 are ticked" in said(act(client, "compare", runs[:1]))
    assert "11 are ticked" in said(act(client, "compare", [uuid.uuid4() for _ in range(11)]))


def test_without_scripts_the_list_is_opened_as_it_was(client, runs):
    response = client.post(
        reverse("experiments:selected_pin"), {"run": [str(runs[0].pk)], "back": "q=first&sort=name&after=x"}
    )
    assert response["Location"] == "/experiments/?q=first&sort=name&after=x"


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "\r\nX: y"])
def test_going_back_stays_on_the_list(client, runs, back):
    response = client.post(reverse("experiments:selected_pin"), {"run": [str(runs[0].pk)], "back": back})
    assert response["Location"].startswith("/experiments/?")


def test_with_scripts_the_table_is_asked_for_again_and_a_refusal_leaves_it(client, runs):
    done = act(client, "tag", runs, htmx=True, tags="tuned")
    assert done.status_code == 204
    assert "history-refresh" in done["HX-Trigger"]
    assert "3 runs tagged" in done["HX-Trigger"]
    refused = act(client, "tag", runs, htmx=True, tags="x" * 61)
    assert "history-refresh" not in refused["HX-Trigger"]


def test_nothing_ticked_nonsense_and_other_workspaces_change_nothing(client, outsider, runs):
    assert "Tick at least one run" in said(act(client, "delete", []))
    assert "Tick at least one run" in said(act(client, "delete", ["nonsense", ""]))
    assert "These runs are gone" in said(act(outsider, "delete", runs))
    act(outsider, "tag", runs, tags="mine")
    assert not Experiment.objects.exclude(deleted_at=None).exists()
    assert not Experiment.objects.exclude(tags=[]).exists()


def test_who_may_only_look_may_mark_but_not_change(viewer, runs):
    for name in ("tag", "untag", "delete", "restore"):
        assert act(viewer, name, runs).status_code == 403
    assert "3 runs pinned" in said(act(viewer, "pin", runs))
    html = shown(viewer).content.decode()
    assert "selected/delete/" not in html
    assert "selected/tag/" not in html
