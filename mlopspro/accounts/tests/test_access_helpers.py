"""Looking up what is visible: one workspace, and nothing outside it."""

import uuid

import pytest
from django.http import Http404
from django.test import RequestFactory

from mlopspro.accounts.access import get_visible_or_404, visible
from mlopspro.accounts.models import ApiKey, WorkspaceQuerySet
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import make_member, make_workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_in(workspace):
    request = RequestFactory().get("/")
    request.workspace = workspace
    return request


def key_in(workspace, owner):
    return keys.create_key(
        owner=owner, workspace=workspace, name="k", scopes=[Scope.READ], expires_at=None, actor=owner
    ).key


def test_only_the_requests_workspace_is_seen(request_in, workspace, admin):
    elsewhere = make_workspace()
    ours, theirs = key_in(workspace, admin), key_in(elsewhere, make_member(elsewhere))
    assert list(visible(ApiKey, request_in)) == [ours]
    assert get_visible_or_404(ApiKey, request_in, ours.pk) == ours
    messages = set()
    for pk in (theirs.pk, uuid.uuid4(), "not-an-id", "\x00"):
        with pytest.raises(Http404) as missing:
            get_visible_or_404(ApiKey, request_in, pk)
        messages.add(str(missing.value))
    assert len(messages) == 1, "somebody else's and nobody's are told apart by nothing"


def test_visible_to_a_person_is_what_is_in_their_workspaces(workspace, admin):
    key_in(workspace, admin)
    stranger = make_member(make_workspace())
    rows = WorkspaceQuerySet(ApiKey)
    assert rows.visible_to(admin).count() == 1
    assert rows.visible_to(stranger).count() == 0
    admin.is_active = False
    assert rows.visible_to(admin).count() == 0
