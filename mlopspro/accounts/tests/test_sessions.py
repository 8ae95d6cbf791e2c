"""When sessions end: by age, by command, with the password, with the account, with the role."""

import datetime as dt
import time

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from mlopspro.accounts.middleware import SEEN_AT, SIGNED_IN_AT
from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import people
from mlopspro.testing.people import PASSWORD, browser, make_member, make_person, make_workspace

pytestmark = pytest.mark.django_db


def signed_in(client):
    return client.get("/settings/profile/").status_code == 200


def set_in_session(client, **values):
    session = client.session
    session.update(values)
    session.save()


def test_a_session_ends_by_age_however_much_it_is_used(settings):
    client = browser(make_person())
    assert signed_in(client)
    set_in_session(client, **{SIGNED_IN_AT: int(time.time()) - settings.SESSION_ABSOLUTE_SECONDS - 1})
    assert not signed_in(client)


def test_a_used_session_is_prolonged_now_and_then_and_not_at_each_request():
    client = browser(make_person())
    signed_in(client)
    set_in_session(client, **{SEEN_AT: int(time.time()) - 600})
    signed_in(client)
    assert client.session[SEEN_AT] > time.time() - 60
    seen = client.session[SEEN_AT]
    signed_in(client)
    assert client.session[SEEN_AT] == seen


def test_a_page_that_refreshes_itself_does_not_keep_a_session_alive():
    client = browser(make_member(make_workspace()))
    set_in_session(client, **{SEEN_AT: (before := int(time.time()) - 600)})
    client.get("/settings/audit/", headers={"HX-Request": "true"})
    assert client.session[SEEN_AT] == before
    client.get("/settings/audit/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert client.session[SEEN_AT] > before


def test_an_idle_session_expires():
    client = browser(make_person())
    assert signed_in(client)
    row = Session.objects.get(session_key=client.session.session_key)
    assert row.expire_date <= timezone.now() + dt.timedelta(hours=12)
    Session.objects.filter(pk=row.pk).update(expire_date=timezone.now() - dt.timedelta(seconds=1))
    assert not signed_in(client)


def test_signing_out_everywhere_keeps_this_session_only():
    user = make_person()
    here, there = browser(user), browser(user)
    here.post("/settings/sign-out-everywhere/")
    assert signed_in(here)
    assert not signed_in(there)


def test_a_new_password_ends_the_other_sessions():
    user = make_person()
    here, there = browser(user), browser(user)
    new = "another battery entirely"
    response = here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert response.status_code == 302
    assert signed_in(here)
    assert not signed_in(there)


def test_disabling_a_person_ends_their_sessions_for_good():
    workspace = make_workspace()
    admin, user = make_member(workspace), make_member(workspace, Role.SCIENTIST)
    client = browser(user)
    people.set_active(user, False, workspace=workspace, actor=admin)
    assert not signed_in(client)
    people.set_active(user, True, workspace=workspace, actor=admin)
    assert not signed_in(client), "a session from before must not come back with the account"


def test_a_lost_role_counts_at_once():
    workspace = make_workspace()
    make_member(workspace)
    user = make_member(workspace)
    client = browser(user)
    assert client.get("/settings/people/").status_code == 200
    Membership.objects.filter(user=user).update(role=Role.VIEWER)
    assert client.get("/settings/people/").status_code == 403
    Membership.objects.filter(user=user).delete()
    assert client.get("/settings/keys/").status_code == 403
