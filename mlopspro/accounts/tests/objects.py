"""What the addresses of the settings pages point at."""

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys, people
from mlopspro.testing.objects import objects_for
from mlopspro.testing.people import make_member


@objects_for("accounts:person_*", "user_id")
def person(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"user_id": make_member(workspace, Role.VIEWER).pk}


@objects_for("accounts:key_*", "key_id")
def api_key(workspace: Workspace, owner: User) -> dict[str, object]:
    made = keys.create_key(
        owner=owner, workspace=workspace, name="walk", scopes=[Scope.READ], expires_at=None, actor=owner
    )
    return {"key_id": made.key.pk}


@objects_for("account_reset_password_from_key", "uidb36", "key")
def password_link(workspace: Workspace, owner: User) -> dict[str, object]:
    uidb36, _, key = people.password_link(owner).strip("/").rsplit("/", 1)[-1].partition("-")
    return {"uidb36": uidb36, "key": key}


@objects_for("openid_connect_*", "provider_id")
def provider(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"provider_id": "oidc"}
