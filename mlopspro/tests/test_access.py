"""The walk over every route and API operation: who gets in is what the table of roles says, and nobody else.

Routes come from the URLconf and the API themselves, so a new one is walked over without a line here. What its
arguments point at comes from the tests/objects.py of its app (mlopspro/testing/objects.py).
"""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from mlopspro.accounts.models import ApiKey, Membership, User
from mlopspro.accounts.permissions import Action, Role, Scope, role_allows, scopes_allow
from mlopspro.accounts.routes import ApiRoute, Route, api_routes, routes
from mlopspro.accounts.services import keys
from mlopspro.testing.objects import arguments_for
from mlopspro.testing.people import browser, make_member, make_workspace

pytestmark = pytest.mark.django_db

OURS = [route for route in routes() if not route.gate]
GUARDED = [route for route in OURS if route.access and not route.access.public]
WITH_ACTION = [route for route in GUARDED if route.access.action]
WITH_OBJECTS = [route for route in WITH_ACTION if route.kwargs]
ADMIN = [route for route in routes() if route.gate == "admin" and route.name]
API = list(api_routes())

OPEN_TO_STRANGERS = {
    "healthz", "readyz",
    "account_login", "account_signup", "account_logout", "account_inactive",
    "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done",
    "openid_connect_login", "openid_connect_callback", "socialaccount_login_cancelled", "socialaccount_login_error",
}  # fmt: skip
OPEN_TO_DEVELOPERS = {"dev:components", "dev:components_log"}
"""Marked public because they ask themselves: DEBUG, or an operator. See the test below."""

REFUSED_STRANGER = {302, 401, 403, 404, 405}
BROKEN = range(500, 600)
WRITE = re.compile(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE)


def named(items: list) -> object:
    return pytest.mark.parametrize("route", items, ids=str)


def address(route: Route, workspace, owner: User) -> str:
    return reverse(route.name, kwargs=arguments_for(route.name, route.kwargs, workspace, owner))


def api_address(route: ApiRoute, workspace, owner: User) -> str:
    return "/api/" + route.path.format(**arguments_for(route.name, route.kwargs, workspace, owner))


def to_sign_in(response) -> bool:
    return response.status_code != 302 or response.url.startswith("/accounts/login/")


def test_the_walk_sees_the_site():
    assert len(OURS) > 30
    assert len(ADMIN) > 30
    assert len(API) >= 6
    assert all(route.name for route in OURS), "every route has a name"


def test_what_is_open_to_strangers_is_this_list_and_nothing_else():
    """Whoever opens one more page to the world says so here."""
    found = {route.name for route in OURS if route.access and route.access.public}
    assert found <= OPEN_TO_STRANGERS | OPEN_TO_DEVELOPERS
    assert not [route for route in API if route.access and route.access.public]


@pytest.mark.parametrize("name", sorted(OPEN_TO_DEVELOPERS))
def test_pages_for_developers_do_not_answer_others(name, settings):
    settings.DEBUG = False
    viewer = make_member(make_workspace(), Role.VIEWER)
    for client in (browser(), browser(viewer)):
        assert client.get(reverse(name)).status_code in REFUSED_STRANGER


@named(GUARDED)
def test_a_stranger_is_sent_to_sign_in(route):
    workspace = make_workspace()
    where = address(route, workspace, make_member(workspace))
    for method in ("get", "post", "head", "put", "delete"):
        response = getattr(browser(), method)(where)
        assert response.status_code in REFUSED_STRANGER, f"{method} {where}"
        assert to_sign_in(response)


@named(GUARDED)
def test_a_disabled_person_with_a_live_session_is_a_stranger(route):
    workspace = make_workspace()
    user = make_member(workspace)
    where, client = address(route, workspace, user), browser(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    response = client.get(where)
    assert response.status_code in REFUSED_STRANGER
    assert to_sign_in(response)


@named(WITH_ACTION)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_each_role_gets_in_exactly_where_the_table_says(route, role):
    workspace = make_workspace()
    make_member(workspace)  # so that acts on the only administrator are not what is refused
    user = make_member(workspace, role)
    client = browser(user)
    for method in ("GET", "POST"):
        where = address(route, workspace, user)
        response = client.generic(method, where)
        allowed = role_allows(role, Action(route.access.needed(method)))
        said = f"{role.value} {method} {where}: {response.status_code}"
        assert response.status_code not in BROKEN, said
        if allowed:
            assert response.status_code not in {401, 403, 404}, said
            assert response.status_code != 302 or not response.url.startswith("/accounts/login/"), said
        else:
            assert response.status_code == 403, said


@named(WITH_OBJECTS)
def test_what_is_in_another_workspace_does_not_exist(route):
    ours, theirs = make_workspace(), make_workspace()
    client, foreigner = browser(make_member(ours)), make_member(theirs)
    made = arguments_for(route.name, route.kwargs, theirs, foreigner)
    unknown = {key: uuid.uuid4() if isinstance(value, uuid.UUID) else value for key, value in made.items()}
    assert unknown != made, "the route names at least one object by UUID"
    for method in ("GET", "POST"):
        foreign_answer = client.generic(method, reverse(route.name, kwargs=made))
        unknown_answer = client.generic(method, reverse(route.name, kwargs=unknown))
        assert foreign_answer.status_code in {404, 405}, f"{method} {route}: {foreign_answer.status_code}"
        assert same(foreign_answer, made) == same(unknown_answer, unknown), "the two are told apart"


def same(response, made) -> tuple[int, str]:
    """Status and body without what differs between any two answers: ids that were asked for, CSRF tokens."""
    body = re.sub(r'(name="csrfmiddlewaretoken" value=|"X-CSRFToken": )"\w+"', "", response.content.decode())
    for value in made.values():
        body = body.replace(str(value), "…") if isinstance(value, uuid.UUID) else body
    return response.status_code, body


@named([route for route in OURS if "key" not in route.kwargs])
def test_get_changes_nothing(route):
    """Only the session is written while reading (and the trail, where reading is refused)."""
    workspace = make_workspace()
    user = make_member(workspace)
    where, client = address(route, workspace, user), browser(user)
    with CaptureQueriesContext(connection) as captured:
        client.get(where)
    writes = [query["sql"] for query in captured if WRITE.match(query["sql"]) and "django_session" not in query["sql"]]
    assert writes == []


@named(ADMIN)
def test_the_admin_is_for_operators(route):
    try:
        where = reverse(route.name, kwargs=dict.fromkeys(route.kwargs, "1"))
    except NoReverseMatch:
        pytest.skip("its arguments are not free")
    workspace = make_workspace()
    assert browser().get(where).url.startswith("/accounts/login/")
    assert browser(make_member(workspace)).get(where).status_code == 403


# --- The API --------------------------------------------------------------------------------------------------------


def key_of(user, workspace, scopes=(Scope.ADMIN,)) -> keys.NewKey:
    return keys.create_key(owner=user, workspace=workspace, name="k", scopes=scopes, expires_at=None, actor=user)


def call(route: ApiRoute, where: str, token: str = "", client=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return (client or browser()).generic(route.method, where, "{}", "application/json", headers=headers)


@named(API)
def test_an_operation_answers_no_stranger_and_no_dead_key(route):
    workspace = make_workspace()
    make_member(workspace)
    owner = make_member(workspace)
    where = api_address(route, workspace, owner)
    expired, revoked, removed, disabled = (key_of(owner, workspace) for _ in range(4))
    assert call(route, where).status_code == 401
    assert call(route, where, "mlops_" + "0" * 12 + "_" + "A" * 43).status_code == 401
    ApiKey.objects.filter(pk=expired.key.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert call(route, where, expired.token).status_code == 401
    keys.revoke_key(revoked.key, owner)
    assert call(route, where, revoked.token).status_code == 401
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert call(route, where, disabled.token).status_code == 401
    User.objects.filter(pk=owner.pk).update(is_active=True)
    Membership.objects.filter(user=owner).delete()
    assert call(route, where, removed.token).status_code == 401


@named(API)
@pytest.mark.parametrize("role", Role, ids=lambda role: role.value)
def test_an_operation_serves_each_role_as_the_table_says_by_key_and_by_session(route, role):
    workspace = make_workspace()
    user = make_member(workspace, role)
    allowed = role_allows(role, Action(route.access.action))
    where = api_address(route, workspace, user)
    by_key = call(route, where, key_of(user, workspace).token)
    by_session = call(route, api_address(route, workspace, user), client=browser(user))
    for response in (by_key, by_session):
        said = f"{role.value} {route}: {response.status_code} {response.content[:200]!r}"
        assert response.status_code not in BROKEN, said
        assert (response.status_code not in {401, 403, 404}) if allowed else response.status_code == 403, said


@named(API)
def test_a_key_is_held_to_its_scope(route):
    """Who is refused changes nothing, so that all of them may ask for the same object."""

    def somewhere():
        workspace = make_workspace()
        admin = make_member(workspace)
        return workspace, admin, api_address(route, workspace, admin)

    of_the_refused = somewhere()
    for scope in Scope:
        allowed = scopes_allow([scope], Action(route.access.action))
        workspace, admin, where = somewhere() if allowed else of_the_refused
        response = call(route, where, key_of(admin, workspace, [scope]).token)
        assert (response.status_code != 403) == allowed, f"{scope.value} {route}: {response.status_code}"


@named([route for route in API if route.kwargs])
def test_an_operation_knows_nothing_of_another_workspace(route):
    ours, theirs = make_workspace(), make_workspace()
    token = key_of(make_member(ours), ours).token
    made = arguments_for(route.name, route.kwargs, theirs, make_member(theirs))
    unknown = {key: uuid.uuid4() for key in made}
    foreign_answer = call(route, "/api/" + route.path.format(**made), token)
    unknown_answer = call(route, "/api/" + route.path.format(**unknown), token)
    assert foreign_answer.status_code == 404
    assert same(foreign_answer, made) == same(unknown_answer, unknown)


@named([route for route in API if route.method not in {"GET", "HEAD", "OPTIONS"}])
def test_an_operation_that_changes_asks_a_session_for_its_csrf_token(route):
    workspace = make_workspace()
    admin = make_member(workspace)
    where = api_address(route, workspace, admin)
    assert call(route, where, client=browser(admin, csrf=True)).status_code == 403
    assert call(route, where, key_of(admin, workspace).token, client=browser(csrf=True)).status_code != 403
