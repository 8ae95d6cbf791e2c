"""The two ways into the API: a key in the header, a session with its CSRF check. On the product's own operations."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from mlopspro.accounts.models import ApiKey, AuditEntry, Membership
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import browser, make_member

pytestmark = pytest.mark.django_db
READ, LAUNCH = "/api/experiments", "/api/train"


def key_of(user, workspace, *scopes):
    return keys.create_key(
        owner=user, workspace=workspace, name="k", scopes=scopes or [Scope.ADMIN], expires_at=None, actor=user
    )


def call(token, address=READ, method="get", client=None, **extra):
    return getattr(client or browser(), method)(address, headers={"Authorization": f"Bearer {token}"}, **extra)


def test_a_key_reads_and_is_named_in_the_trail(admin, workspace):
    made = key_of(admin, workspace)
    assert call(made.token).status_code == 200
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at is not None


def test_no_key_and_wrong_keys_are_401_with_a_hint(admin, workspace):
    for response in (browser().get(READ), call("x"), call("mlops_" + "0" * 12 + "_" + "A" * 43)):
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"
        assert response.json()["status"] == 401
    assert AuditEntry.objects.filter(action="key_refused").exists()


def test_expired_and_revoked_keys_are_401(admin, workspace):
    expired, revoked = key_of(admin, workspace), key_of(admin, workspace)
    ApiKey.objects.filter(pk=expired.key.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    keys.revoke_key(revoked.key, admin)
    assert {call(expired.token).status_code, call(revoked.token).status_code} == {401}


def test_a_scope_that_does_not_cover_is_403_and_says_so(admin, workspace):
    response = call(key_of(admin, workspace, Scope.READ).token, LAUNCH, "post")
    assert response.status_code == 403
    assert "scopes read" in response.json()["detail"]


def test_a_key_never_does_more_than_its_owners_present_role(admin, workspace):
    owner = make_member(workspace, Role.SCIENTIST)
    token = key_of(owner, workspace, Scope.ADMIN).token
    empty = {"data": "{}", "content_type": "application/json"}
    assert call(token, LAUNCH, "post", **empty).status_code == 422, "allowed, but the body says nothing"
    Membership.objects.filter(user=owner).update(role=Role.VIEWER)
    assert call(token, LAUNCH, "post").status_code == 403
    Membership.objects.filter(user=owner).delete()
    assert call(token).status_code == 401


def test_a_wrong_key_is_not_rescued_by_a_cookie(admin):
    assert call("wrong", client=browser(admin)).status_code == 401


def test_a_session_reads_without_and_changes_only_with_a_csrf_token(admin):
    client = browser(admin, csrf=True)
    assert client.get(READ).status_code == 200
    body = json.dumps({})
    assert client.post(LAUNCH, body, content_type="application/json").status_code == 403
    # A form that another site can send: text/plain that happens to be JSON.
    assert client.post(LAUNCH, body, content_type="text/plain").status_code == 403
    client.get("/settings/profile/")
    token = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert client.post(LAUNCH, body, content_type="application/json", headers=token).status_code == 422
    foreign = {**token, "Origin": "https://evil.example"}
    assert client.post(LAUNCH, body, content_type="application/json", headers=foreign).status_code == 403
    null = {**token, "Origin": "null"}
    assert client.post(LAUNCH, body, content_type="application/json", headers=null).status_code == 403


def test_a_stranger_learns_nothing_about_what_would_be_valid():
    response = browser().post(LAUNCH, json.dumps({"nonsense": 1}), content_type="application/json")
    assert response.status_code == 401
    assert "nonsense" not in response.content.decode()


def test_no_answer_opens_the_api_to_other_sites(admin, workspace):
    response = call(key_of(admin, workspace).token, client=browser(), HTTP_ORIGIN="https://evil.example")
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]
