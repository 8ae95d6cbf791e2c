"""API keys: nothing of them is kept, and they never outlive or outdo their owner."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from mlopspro.accounts.models import ApiKey, AuditEntry, Membership, User
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import browser, make_member, make_person, make_workspace

pytestmark = pytest.mark.django_db


def make_key(owner, workspace, **fields):
    values = {"name": "import", "scopes": [Scope.READ], "expires_at": None, "actor": owner}
    return keys.create_key(owner=owner, workspace=workspace, **(values | fields))


def test_a_key_works_and_its_secret_is_nowhere_in_the_database(admin, workspace):
    made = make_key(admin, workspace)
    found = keys.check_token(made.token)
    assert (found.key, found.membership.user) == (made.key, admin)
    secret = made.token.rsplit("_", 1)[-1] if made.token.count("_") == 2 else made.token[19:]
    with connection.cursor() as cursor:
        for table in ("accounts_apikey", "accounts_auditentry"):
            cursor.execute(f"SELECT count(*) FROM {table} AS row WHERE row::text LIKE %s", [f"%{secret}%"])  # noqa: S608
            assert cursor.fetchone() == (0,)


def test_two_keys_never_share_anything(admin, workspace):
    tokens = {make_key(admin, workspace).token for _ in range(5)}
    assert len(tokens) == 5
    assert all(keys.TOKEN.match(token) for token in tokens)


@pytest.mark.parametrize("wrong", ["", "x", "mlops_", "mlops_" + "0" * 12 + "_" + "A" * 43, "Bearer", "\x00", "é" * 60])
def test_what_is_no_key_opens_nothing(wrong):
    assert keys.check_token(wrong) is None


def test_a_key_with_one_character_changed_opens_nothing(admin, workspace):
    token = make_key(admin, workspace).token
    for index in (7, 20, len(token) - 1):
        other = "a" if token[index] != "a" else "b"
        assert keys.check_token(token[:index] + other + token[index + 1 :]) is None


def test_expired_revoked_disabled_and_removed(admin, workspace):
    past = make_key(admin, workspace)
    ApiKey.objects.filter(pk=past.key.pk).update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert keys.check_token(past.token) is None

    revoked = make_key(admin, workspace)
    assert keys.revoke_key(revoked.key, admin)
    assert keys.check_token(revoked.token) is None
    assert not keys.revoke_key(revoked.key, admin), "the second time nothing happens"

    good = make_key(admin, workspace)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert keys.check_token(good.token) is None
    User.objects.filter(pk=admin.pk).update(is_active=True)
    assert keys.check_token(good.token) is not None
    Membership.objects.filter(user=admin).delete()
    assert keys.check_token(good.token) is None


def test_what_cannot_be_made_is_refused_with_what_could(admin, workspace):
    with pytest.raises(ValueError, match=r"scopes.*accepted are read, datasets, train, .*, serve, log, admin"):
        make_key(admin, workspace, scopes=["root"])
    with pytest.raises(ValueError, match="scopes"):
        make_key(admin, workspace, scopes=[])
    with pytest.raises(ValueError, match="expires_at"):
        make_key(admin, workspace, expires_at=timezone.now() - dt.timedelta(days=1))
    with pytest.raises(ValueError, match="not a member"):
        make_key(make_person(), workspace)


def test_use_is_noted_at_most_once_a_minute(admin, workspace):
    made = make_key(admin, workspace)
    keys.check_token(made.token)
    first = ApiKey.objects.get(pk=made.key.pk).last_used_at
    keys.check_token(made.token)
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at == first
    ApiKey.objects.filter(pk=made.key.pk).update(last_used_at=first - dt.timedelta(minutes=2))
    keys.check_token(made.token)
    assert ApiKey.objects.get(pk=made.key.pk).last_used_at >= first


def test_the_page_shows_a_new_key_once(admin, workspace):
    client = browser(admin)
    page = client.post("/settings/keys/", {"name": "nightly", "scopes": ["read", "train"], "lifetime": "30"})
    key = ApiKey.objects.get(name="nightly")
    token = page.context["made"].token
    assert token in page.content.decode()
    assert key.scopes == ["read", "train"]
    assert dt.timedelta(days=29) < key.expires_at - timezone.now() <= dt.timedelta(days=30)
    again = client.get("/settings/keys/").content.decode()
    assert token not in again
    assert key.token_sha256 not in again
    assert key.prefix in again
    entry = AuditEntry.objects.get(action="key_created", object_id=str(key.pk))
    assert entry.after["scopes"] == ["read", "train"]


def test_a_form_without_scopes_is_answered_with_its_errors(admin):
    response = browser(admin).post("/settings/keys/", {"name": "nightly", "lifetime": "30"})
    assert response.status_code == 422
    assert not ApiKey.objects.filter(owner=admin).exists()


def test_people_see_and_revoke_their_own_keys_and_administrators_all(admin, workspace):
    viewer, other = make_member(workspace, Role.VIEWER), make_member(workspace, Role.VIEWER)
    own, foreign = make_key(viewer, workspace), make_key(other, workspace)
    page = browser(viewer).get("/settings/keys/").content.decode()
    assert own.key.prefix in page
    assert foreign.key.prefix not in page
    assert browser(viewer).post(f"/settings/keys/{foreign.key.pk}/revoke/").status_code == 404
    assert browser(viewer).post(f"/settings/keys/{own.key.pk}/revoke/").status_code == 302
    assert browser(admin).post(f"/settings/keys/{foreign.key.pk}/revoke/").status_code == 302
    assert keys.check_token(own.token) is None
    assert keys.check_token(foreign.token) is None


@pytest.mark.parametrize(
    ("role", "offered"),
    [(Role.VIEWER, {"read", "admin"}), (Role.SCIENTIST, {"read", "datasets", "train", "recipes", "serve", "admin"})],
)
def test_only_scopes_that_the_role_can_fill_are_offered(workspace, role, offered):
    form = browser(make_member(workspace, role)).get("/settings/keys/").context["form"]
    assert set(dict(form.fields["scopes"].choices)) == offered


def test_a_key_without_expiry_is_made_only_on_purpose(admin):
    client = browser(admin)
    assert client.post("/settings/keys/", {"name": "a", "scopes": ["read"]}).status_code == 422
    client.post("/settings/keys/", {"name": "b", "scopes": ["read"], "lifetime": "never"})
    assert ApiKey.objects.get(owner=admin).expires_at is None


def test_keys_of_another_workspace_do_not_exist(admin):
    elsewhere = make_workspace()
    foreign = make_key(make_member(elsewhere), elsewhere)
    assert browser(admin).post(f"/settings/keys/{foreign.key.pk}/revoke/").status_code == 404
    assert keys.check_token(foreign.token) is not None
