"""Name, note and tags of a run: plain forms, refusals that keep what was typed, a trace of every change."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.models import Experiment
from mlopspro.accounts.models import AuditEntry


def post(client, act, run, /, **data):
    return client.post(reverse(f"experiments:experiment_{act}", args=[run.pk]), data)


def test_name_and_note_are_changed_with_a_trace(client, run, scientist):
    assert post(client, "edit", run, name=" New name ", note="First\r\nSecond").status_code == 302
    run.refresh_from_db()
    assert (run.name, run.notes) == ("New name", "First\nSecond")
    entries = AuditEntry.objects.filter(action="edit_experiment", actor=scientist)
    assert [entry.before for entry in entries.order_by("pk")] == [{"name": "finished run"}, {"notes": "A first look."}]
    html = client.get(reverse("experiments:experiment", args=[run.pk])).content.decode()
    assert "First<br>Second" in html


def test_saving_what_is_there_leaves_no_trace(client, run):
    post(client, "edit", run, name=run.name, note=run.notes)
    assert not AuditEntry.objects.filter(action="edit_experiment").exists()


@pytest.mark.parametrize(
    ("name", "note"), [("", "kept words"), ("x" * 201, "kept words"), ("bell\x07", "kept words"), ("ok", "x" * 10_001)]
)
def test_a_refusal_changes_nothing_and_keeps_what_was_typed(client, run, name, note):
    response = post(client, "edit", run, name=name, note=note)
    assert response.status_code == 422
    assert note[:10] in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()
    run.refresh_from_db()
    assert (run.name, run.notes) == ("finished run", "A first look.")


def test_tags_are_added_removed_and_lead_to_their_runs(client, run):
    post(client, "tag", run, tags="a/b & c, second")
    post(client, "untag", run, tag="baseline")
    run.refresh_from_db()
    assert run.tags == ["a/b & c", "second"]
    html = client.get(reverse("experiments:experiment", args=[run.pk])).content.decode()
    assert '?tag=a%2Fb%20%26%20c"' in html
    assert run.name in client.get("/experiments/?tag=a%2Fb%20%26%20c").content.decode()


@pytest.mark.parametrize(("tags", "words"), [("", "required"), ("x" * 61, "up to 60"), ("a\x01b", "not accepted")])
def test_tags_that_are_refused_are_kept_as_typed(client, run, tags, words):
    response = post(client, "tag", run, tags=tags)
    assert response.status_code == 422
    assert words in response.content.decode()
    run.refresh_from_db()
    assert run.tags == ["baseline"]


def test_a_run_holds_twenty_tags(client, run):
    Experiment.objects.filter(pk=run.pk).update(tags=[f"tag {number}" for number in range(20)])
    assert "up to 20 tags" in post(client, "tag", run, tags="more").content.decode()


def test_taking_off_a_tag_that_is_gone_is_no_error(client, run):
    assert post(client, "untag", run, tag="never there").status_code == 302


def test_a_viewer_sees_tags_and_no_forms_and_may_mark(viewer, run):
    html = viewer.get(reverse("experiments:experiment", args=[run.pk])).content.decode()
    assert "baseline" in html
    assert "Add tags" not in html
    assert "Name and note" not in html
    for name in ("edit", "tag", "untag"):
        assert post(viewer, name, run).status_code == 403
    assert post(viewer, "pin", run).status_code == 302
    assert post(viewer, "baseline", run).status_code == 302
    html = viewer.get(reverse("experiments:experiment", args=[run.pk])).content.decode()
    assert "Unpin" in html
    assert "Your baseline" in html
