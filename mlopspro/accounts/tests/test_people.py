"""Administrators manage people, and cannot lock the workspace or reach beyond it."""

import pytest

from mlopspro.accounts.models import AuditEntry, Membership, User
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import people
from mlopspro.testing.people import PASSWORD, browser, make_member, make_person, make_workspace

pytestmark = pytest.mark.django_db


def role_of(user, workspace):
    return Membership.objects.filter(user=user, workspace=workspace).values_list("role", flat=True).first()


def test_a_new_person_gets_a_link_that_sets_a_password_once(admin, workspace):
    page = browser(admin).post(
        "/settings/people/", {"email": "New.Person@Example.org", "name": "New", "role": "scientist"}
    )
    user = User.objects.get(email="new.person@example.org")
    assert role_of(user, workspace) == "scientist"
    assert not user.has_usable_password()
    link = page.context["link"].removeprefix("http://testserver")
    assert page.context["link"] in page.content.decode()
    client = browser()
    shown = client.get(link, follow=True)
    client.post(shown.redirect_chain[0][0], {"password1": PASSWORD, "password2": PASSWORD})
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    assert AuditEntry.objects.filter(action="member_added", actor=admin, object_id=str(user.pk)).exists()


def test_somebody_with_an_account_is_added_without_a_link(admin, workspace):
    user = make_person()
    page = browser(admin).post("/settings/people/", {"email": user.email, "role": "viewer"})
    assert page.context["link"] == ""
    assert role_of(user, workspace) == "viewer"
    again = browser(admin).post("/settings/people/", {"email": user.email, "role": "engineer"})
    assert again.status_code == 422
    assert role_of(user, workspace) == "viewer"


def test_a_changed_role_is_audited_with_before_after_and_why(admin, workspace):
    user = make_member(workspace, Role.VIEWER)
    browser(admin).post(f"/settings/people/{user.pk}/role/", {"role": "engineer", "reason": "joins the team"})
    assert role_of(user, workspace) == "engineer"
    entry = AuditEntry.objects.get(action="role_changed", object_id=str(user.pk))
    assert (entry.before, entry.after, entry.reason) == ({"role": "viewer"}, {"role": "engineer"}, "joins the team")
    assert (entry.actor, entry.workspace) == (admin, workspace)
    assert entry.request_id


def test_an_unknown_role_is_refused(admin, workspace):
    user = make_member(workspace, Role.VIEWER)
    browser(admin).post(f"/settings/people/{user.pk}/role/", {"role": "root"})
    assert role_of(user, workspace) == "viewer"


def test_the_last_administrator_stays(admin, workspace):
    client = browser(admin)
    client.post(f"/settings/people/{admin.pk}/role/", {"role": "viewer"})
    client.post(f"/settings/people/{admin.pk}/remove/")
    client.post(f"/settings/people/{admin.pk}/disable/")
    admin.refresh_from_db()
    assert role_of(admin, workspace) == "administrator"
    assert admin.is_active
    assert not AuditEntry.objects.filter(action__in=["role_changed", "member_removed", "person_disabled"]).exists()


def test_a_disabled_administrator_does_not_count_as_one(admin, workspace):
    make_member(workspace, Role.ADMINISTRATOR, is_active=False)
    with pytest.raises(people.Refused, match="without an administrator"):
        people.change_role(Membership.objects.get(user=admin, workspace=workspace), Role.VIEWER, admin)


def test_removing_somebody_takes_only_this_workspace(admin, workspace):
    elsewhere = make_workspace()
    user = make_member(workspace, Role.VIEWER)
    Membership.objects.create(user=user, workspace=elsewhere, role=Role.ENGINEER)
    browser(admin).post(f"/settings/people/{user.pk}/remove/")
    assert role_of(user, workspace) is None
    assert role_of(user, elsewhere) == "engineer"


@pytest.mark.parametrize("act", ["disable", "password-link"])
def test_an_account_that_reaches_beyond_is_not_theirs_to_touch(admin, workspace, act):
    reaches = make_member(workspace, Role.VIEWER)
    Membership.objects.create(user=reaches, workspace=make_workspace(), role=Role.VIEWER)
    operator = make_member(workspace, Role.VIEWER, is_staff=True)
    for user in (reaches, operator):
        response = browser(admin).post(f"/settings/people/{user.pk}/{act}/")
        assert response.status_code == 302, "a link is never shown"
        user.refresh_from_db()
        assert user.is_active


def test_an_operator_may_touch_every_account_of_the_workspace(workspace):
    operator = make_member(workspace, is_staff=True, is_superuser=True)
    user = make_member(workspace, Role.VIEWER)
    Membership.objects.create(user=user, workspace=make_workspace(), role=Role.VIEWER)
    browser(operator).post(f"/settings/people/{user.pk}/disable/", {"reason": "left"})
    user.refresh_from_db()
    assert not user.is_active
    assert AuditEntry.objects.get(action="person_disabled", object_id=str(user.pk)).reason == "left"


@pytest.mark.parametrize("act", ["role", "remove", "disable", "enable", "password-link"])
def test_people_of_another_workspace_do_not_exist(admin, act):
    foreign = make_member(make_workspace(), Role.VIEWER)
    assert browser(admin).post(f"/settings/people/{foreign.pk}/{act}/", {"role": "viewer"}).status_code == 404


def test_names_are_text_and_nothing_else(admin, workspace):
    make_member(workspace, Role.VIEWER, name="<script>alert(1)</script>{{ 7|add:7 }}")
    page = browser(admin).get("/settings/people/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}" in page


def test_the_page_costs_the_same_for_one_and_for_thirty_people(admin, workspace, django_assert_max_num_queries):
    for _ in range(30):
        make_member(workspace, Role.VIEWER)
    client = browser(admin)
    with django_assert_max_num_queries(10):
        page = client.get("/settings/people/")
    assert len(page.context["rows"]) == 25
    assert len(client.get("/settings/people/?page=2").context["rows"]) == 6
