"""One's own settings, and the choice of workspace."""

import pytest

from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_person, make_workspace

pytestmark = pytest.mark.django_db


def test_name_theme_and_time_zone_are_kept(admin):
    browser(admin).post("/settings/profile/", {"name": "Ada L.", "theme": "light", "time_zone": "Europe/Berlin"})
    admin.refresh_from_db()
    assert (admin.name, admin.theme, admin.time_zone) == ("Ada L.", "light", "Europe/Berlin")


def test_what_is_not_accepted_is_said_and_what_was_typed_stays(admin):
    page = browser(admin).post("/settings/profile/", {"name": "Ada L.", "theme": "pink", "time_zone": "Mars/Olympus"})
    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"theme", "time_zone"}
    assert 'value="Ada L."' in page.content.decode()
    admin.refresh_from_db()
    assert admin.theme == "dark"


def test_nobody_makes_themselves_more_than_they_are(admin):
    browser(admin).post(
        "/settings/profile/",
        {
            "name": "A",
            "theme": "dark",
            "time_zone": "UTC",
            "is_superuser": "on",
            "is_staff": "on",
            "email": "x@y.example",
        },
    )
    before = admin.email
    admin.refresh_from_db()
    assert (admin.is_superuser, admin.is_staff, admin.email) == (False, False, before)


def test_the_theme_switch_works_with_and_without_scripts(admin):
    client = browser(admin)
    response = client.post("/settings/theme/", {"theme": "light", "next": "/settings/keys/"})
    assert (response.status_code, response.url) == (302, "/settings/keys/")
    assert client.post("/settings/theme/", {"theme": "dark"}, headers={"X-Requested-With": "fetch"}).status_code == 204
    assert client.post("/settings/theme/", {"theme": "light", "next": "//evil.example"}).url == "/"
    assert client.post("/settings/theme/", {"theme": "pink"}).status_code == 400
    admin.refresh_from_db()
    assert admin.theme == "light"


def test_the_chosen_workspace_is_the_one_that_counts(admin, workspace):
    other = make_workspace()
    Membership.objects.create(user=admin, workspace=other, role=Role.VIEWER)
    client = browser(admin)
    client.post("/settings/switch-workspace/", {"workspace": workspace.pk})
    assert client.get("/settings/people/").status_code == 200
    client.post("/settings/switch-workspace/", {"workspace": other.pk})
    assert client.get("/settings/people/").status_code == 403, "a viewer there, whatever the role elsewhere"


def test_somebody_elses_workspace_cannot_be_chosen(admin, workspace):
    foreign = make_workspace()
    client = browser(admin)
    for wrong in (foreign.pk, "not-an-id", ""):
        assert client.post("/settings/switch-workspace/", {"workspace": wrong}).status_code == 302
    assert client.get("/settings/people/").context["request"].workspace == workspace


def test_a_person_without_a_workspace_has_a_profile_and_is_told_why_nothing_else():
    client = browser(make_person())
    assert client.get("/settings/profile/").status_code == 200
    response = client.get("/settings/keys/")
    assert response.status_code == 403
    assert b"not a member of any workspace" in response.content


def test_a_new_workspace_is_empty_and_its_makers(admin, workspace):
    client = browser(admin)
    client.post("/settings/workspaces/", {"new-name": "Research"})
    made = admin.memberships.exclude(workspace=workspace).get()
    assert (made.role, made.workspace.slug) == ("administrator", "research")
    assert client.get("/settings/people/").context["request"].workspace == made.workspace
    assert client.post("/settings/workspaces/", {"new-name": "Research"}).status_code == 422


def test_a_workspace_is_renamed_by_its_administrator(admin, workspace):
    browser(admin).post("/settings/workspace/", {"name": "Renamed"})
    workspace.refresh_from_db()
    assert workspace.name == "Renamed"
    assert browser(make_member(workspace, Role.ENGINEER)).post("/settings/workspace/", {"name": "X"}).status_code == 403


def test_times_are_shown_in_the_persons_zone_and_the_zone_ends_with_the_request(admin):
    from django.utils import timezone

    admin.time_zone = "Asia/Tokyo"
    admin.save()
    browser(admin).get("/settings/keys/")
    assert timezone.get_current_timezone_name() == "UTC"
