"""The Django admin: operators only, through the one sign-in page; the trail is read-only and hashes are not shown."""

import pytest

from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import audit, keys
from mlopspro.testing.people import browser, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(workspace):
    return make_member(workspace, is_staff=True, is_superuser=True)


def test_strangers_are_sent_to_the_one_sign_in_page_and_members_are_refused(admin):
    for address in ("/admin/", "/admin/login/", "/admin/accounts/user/"):
        assert browser().get(address).url.startswith("/accounts/login/")
        assert browser(admin).get(address).status_code == 403


def test_the_admins_own_form_takes_no_password(operator):
    response = browser().post("/admin/login/", {"username": operator.email, "password": "x"})
    assert response.status_code == 302
    assert response.url.startswith("/accounts/login/")


def test_staff_see_only_the_tables_they_were_given(workspace):
    staff = make_member(workspace, is_staff=True)
    assert browser(staff).get("/admin/").status_code == 200
    assert browser(staff).get("/admin/accounts/membership/").status_code == 403


@pytest.mark.parametrize("table", ["user", "workspace", "membership", "apikey", "auditentry"])
def test_every_table_has_a_list_and_a_page(operator, workspace, table):
    made = keys.create_key(
        owner=operator, workspace=workspace, name="k", scopes=[Scope.READ], expires_at=None, actor=operator
    )
    client = browser(operator)
    assert client.get(f"/admin/accounts/{table}/", {"q": "a"}).status_code == 200
    ids = {
        "user": operator.pk,
        "workspace": workspace.pk,
        "membership": operator.memberships.get().pk,
        "apikey": made.key.pk,
        "auditentry": AuditEntry.objects.first().pk,
    }
    page = client.get(f"/admin/accounts/{table}/{ids[table]}/change/")
    assert page.status_code == 200
    assert made.key.token_sha256 not in page.content.decode()


def test_the_trail_is_read_only_even_for_operators(operator):
    entry = audit.record(action="x", actor=operator)
    client = browser(operator)
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/auditentry/{entry.pk}/change/", {"reason": "x"}).status_code == 403


def test_what_operators_change_is_audited_without_passwords(operator, workspace):
    client = browser(operator)
    password = "a long enough passphrase"
    client.post(
        "/admin/accounts/user/add/",
        {
            "email": "New@Example.org",
            "name": "N",
            "usable_password": "true",
            "password1": password,
            "password2": password,
        },
    )
    entry = AuditEntry.objects.get(action="admin_added", object_type="accounts.user")
    assert entry.actor == operator
    assert entry.after["email"] == "New@Example.org"
    assert password not in str(entry.after)


def test_disabling_in_the_admin_ends_sessions(operator, admin):
    client = browser(admin)
    fields = {"email": admin.email, "name": "A", "theme": "dark", "time_zone": "UTC"}
    browser(operator).post(f"/admin/accounts/user/{admin.pk}/change/", fields)
    admin.refresh_from_db()
    assert not admin.is_active
    browser(operator).post(f"/admin/accounts/user/{admin.pk}/change/", {**fields, "is_active": "on"})
    assert client.get("/settings/profile/").status_code == 302
