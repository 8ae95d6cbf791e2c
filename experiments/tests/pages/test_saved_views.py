"""Saved views: a state under a name, opened by its link, changed only by its owner."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.models import SavedView
from experiments.tests.pages import scenes
from experiments.tests.pages.table import HTMX, measured, names, shown
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

STATE = "q=hybrid&tag=tuned&sort=name&columns=name%2Cstatus"


@pytest.fixture
def colleague(workspace):
    return browser(make_member(workspace, Role.SCIENTIST, name="Grace Hopper"))


def save(client, name="Best hybrids", back=STATE, **more):
    client.post(reverse("experiments:view_save"), {"name": name, "back": back, **more})
    return SavedView.objects.filter(name=name).first()


def link(view) -> str:
    return reverse("experiments:view", args=[view.pk])


def listed(client) -> str:
    return client.get(reverse("experiments:history_views"), headers=HTMX).content.decode()


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_a_view_opens_the_state_that_was_saved(client, workspace):
    dataset = scenes.make_dataset(workspace)
    measured(workspace, dataset, "hybrid a", tags=["tuned"])
    measured(workspace, dataset, "hybrid b")
    view = save(client)
    response = client.get(link(view), follow=True)
    assert names(response) == ["hybrid a"]
    assert [column.key for column in response.context["columns"]] == ["status"]
    assert response.context["view"]["is_changed"] is False


def test_the_place_in_the_list_and_the_last_view_are_not_part_of_a_view(client):
    first = save(client)
    view = save(client, name="again", back=f"{STATE}&after=abc&view={first.pk}")
    assert view.query == first.query


def test_what_is_done_after_opening_changes_the_page_and_not_the_view(client):
    view = save(client)
    response = shown(client, view=str(view.pk), q="something else")
    assert response.context["view"]["is_changed"] is True
    assert "changed since" in response.content.decode()
    assert SavedView.objects.get().query == STATE


def test_saving_never_overwrites(client):
    view = save(client)
    response = client.post(reverse("experiments:view_save"), {"name": view.name, "back": "q=other"}, follow=True)
    assert "already" in said(response)
    assert SavedView.objects.get().query == STATE


def test_private_views_are_seen_by_their_owner_and_shared_ones_by_the_workspace(client, colleague, outsider):
    private, shared = save(client, "mine"), save(client, "ours", shared="on")
    assert colleague.get(link(private)).status_code == 404
    assert colleague.get(link(shared)).status_code == 302
    assert outsider.get(link(shared)).status_code == 404
    assert "ours" in listed(colleague)
    assert "mine" not in listed(colleague)
    assert "ours" not in listed(outsider)
    assert shown(colleague, view=str(private.pk)).context["view"] is None


def test_only_the_owner_updates_and_deletes(client, colleague):
    view = save(client, shared="on")
    for name in ("view_update", "view_delete"):
        address = reverse(f"experiments:{name}", args=[view.pk])
        assert colleague.post(address, {"back": "q=theirs", "act": "state"}).status_code == 404
    assert SavedView.objects.get().query == STATE
    update = reverse("experiments:view_update", args=[view.pk])
    client.post(update, {"back": f"q=mine&view={view.pk}", "act": "state"})
    assert SavedView.objects.get().query == "q=mine"
    client.post(update, {"back": "q=other", "act": "unshare"})
    view.refresh_from_db()
    assert (view.shared, view.query) == (False, "q=mine")
    client.post(reverse("experiments:view_delete", args=[view.pk]), {"back": ""})
    assert not SavedView.objects.exists()


def test_what_concerns_the_workspace_is_on_record_and_private_views_are_not(client):
    save(client, "mine")
    shared = save(client, "ours", shared="on")
    client.post(reverse("experiments:view_delete", args=[shared.pk]))
    actions = AuditEntry.objects.filter(object_type="experiments.savedview").values_list("action", "object_label")
    assert sorted(actions) == [("delete_view", "ours"), ("save_view", "ours")]


@pytest.mark.parametrize(
    ("name", "back", "words"), [("", "", "1 to 100"), ("x" * 101, "", "1 to 100"), ("long", "q=" + "x" * 4100, "4000")]
)
def test_what_cannot_be_kept_is_said(client, name, back, words):
    response = client.post(reverse("experiments:view_save"), {"name": name, "back": back}, follow=True)
    assert words in said(response)
    assert not SavedView.objects.exists()


def test_names_are_inert(client):
    save(client, "<script>alert(1)</script>")
    assert "<script>alert" not in listed(client)
