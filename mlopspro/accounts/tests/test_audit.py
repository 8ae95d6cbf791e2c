"""The audit trail: complete, without secrets, append-only, and shown to whom it concerns."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.models.audit import AppendOnly
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import audit
from mlopspro.testing.people import browser, make_member, make_workspace

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_what_on_what_before_after_and_why(admin, workspace):
    when = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    entry = audit.record(
        action="promote_model", actor=admin, workspace=workspace, obj=workspace,
        before={"stage": "staging"}, after={"stage": "production", "at": when, "share": float("nan")}, reason="better",
    )  # fmt: skip
    entry.refresh_from_db()
    assert (entry.object_type, entry.object_id) == ("accounts.workspace", str(workspace.pk))
    assert entry.after == {"stage": "production", "at": "2026-03-01 00:00:00+00:00", "share": None}
    assert entry.action_label == "Promote a model"
    assert str(entry) == f"Promote a model: {workspace.name}"


def test_secrets_are_blacked_out(admin):
    entry = audit.record(
        action="x",
        actor=admin,
        after={"api_key": "mlops_1", "nested": {"password": "hunter2"}, "url": "postgres://u:hunter2@db/x"},
        reason="token=hunter2",
    )
    entry.refresh_from_db()
    assert "hunter2" not in f"{entry.after}{entry.reason}"
    assert "mlops_1" not in str(entry.after)


def test_control_characters_cannot_forge_or_break_an_entry(admin):
    entry = audit.record(action="x", actor=admin, label="a\r\nb\x00\x1b[31m", after={"k\x00": "v\x00"}, reason="r\x00")
    entry.refresh_from_db()
    assert entry.object_label.isprintable()
    assert entry.after == {"k ": "v"}


def test_entries_cannot_be_changed_or_removed_in_any_way(admin):
    entry = audit.record(action="x", actor=admin)
    entry.reason = "something else"
    for act in (entry.save, entry.delete, AuditEntry.objects.all().delete):
        with pytest.raises(AppendOnly):
            act()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.filter(pk=entry.pk).update(reason="something else")
    for sql in ("UPDATE accounts_auditentry SET reason = 'x'", "DELETE FROM accounts_auditentry"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert AuditEntry.objects.get(pk=entry.pk).reason == ""


def test_people_in_the_trail_cannot_be_deleted(admin):
    audit.record(action="x", actor=admin)
    with pytest.raises(Exception, match="protected"):
        admin.delete()


def test_only_what_differs_is_kept():
    assert audit.changes({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2, "c": None}, {"b": 3, "c": 4})


def test_a_refused_act_is_noted_once_a_minute(workspace):
    viewer = make_member(workspace, Role.VIEWER)
    client = browser(viewer)
    for _ in range(3):
        assert client.get("/settings/people/").status_code == 403
    entry = AuditEntry.objects.get(action="refused", actor=viewer)
    assert entry.object_label == "GET /settings/people/"
    assert entry.after == {"needed": "manage_people"}


def test_the_page_shows_this_workspace_and_its_members_sign_ins(admin, workspace):
    foreign = make_member(make_workspace())
    browser(admin), browser(foreign)  # both sign in
    audit.record(action="promote_model", actor=admin, workspace=workspace, label="ours")
    audit.record(action="promote_model", actor=foreign, workspace=foreign.memberships.get().workspace, label="theirs")
    page = browser(admin).get("/settings/audit/")
    shown = list(page.context["page"])
    assert {entry.object_label for entry in shown if entry.action == "promote_model"} == {"ours"}
    assert {entry.actor for entry in shown if entry.action == "signed_in"} == {admin}


def test_the_page_filters_and_pages(admin, workspace):
    for number in range(60):
        audit.record(action="stop_training", actor=admin, workspace=workspace, label=f"run {number}")
    audit.record(action="promote_model", actor=admin, workspace=workspace, label="model")
    client = browser(admin)
    by_action = client.get("/settings/audit/", {"action": "promote_model"}).context["page"]
    assert [entry.object_label for entry in by_action] == ["model"]
    second = client.get("/settings/audit/", {"action": "stop_training", "page": "2"}).context["page"]
    assert [entry.object_label for entry in second] == [f"run {number}" for number in range(9, -1, -1)]
    tomorrow = (timezone.now() + dt.timedelta(days=1)).date()
    assert not client.get("/settings/audit/", {"since": tomorrow.isoformat()}).context["page"].object_list
    nonsense = client.get("/settings/audit/", {"action": "'; DROP TABLE", "since": "x", "page": "-1"})
    assert nonsense.status_code == 200


def test_a_fragment_is_the_entries_alone(admin):
    page = browser(admin).get("/settings/audit/", headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<div id="entries">')
    assert "<html" not in page


def test_the_page_costs_the_same_for_one_and_for_fifty_entries(admin, workspace, django_assert_max_num_queries):
    for number in range(50):
        audit.record(action="stop_training", actor=admin, workspace=workspace, label=f"run {number}")
    client = browser(admin)
    with django_assert_max_num_queries(10):
        client.get("/settings/audit/")
