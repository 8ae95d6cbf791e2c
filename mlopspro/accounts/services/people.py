"""Inviting people, giving roles, disabling accounts. Each act is audited in its own transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from allauth.account import app_settings as allauth_settings
from allauth.account.utils import user_pk_to_url_str
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import Membership, User, Workspace
from mlopspro.accounts.permissions import Action, Role, role_allows
from mlopspro.accounts.services import audit


class Refused(ValueError):
    """What was asked would leave the workspace without an administrator, or reaches beyond it."""


@dataclass(frozen=True)
class Invitation:
    membership: Membership
    created: bool
    """Whether the account is new. People who have one already sign in as they always do."""


def invite(*, workspace: Workspace, email: str, name: str, role: Role, actor: User | None) -> Invitation:
    """Adds a person to the workspace, with a new account where there is none of this e-mail address.

    A new account has no password; hand its owner ``password_link``. Raises Refused for a present member.
    """
    email = email.strip().lower()
    with transaction.atomic():
        user = User.objects.filter(email=email).first()
        created = user is None
        if user is None:
            user = User.objects.create_user(email, None, name=name)
        membership, added = Membership.objects.get_or_create(user=user, workspace=workspace, defaults={"role": role})
        if not added:
            raise Refused(
                f"{email} is a member of {workspace.name} already, as {membership.get_role_display().lower()}."
            )
        audit.record(
            action=Event.MEMBER_ADDED,
            actor=actor,
            workspace=workspace,
            obj=user,
            after={"role": role, "new_account": created},
        )
    return Invitation(membership, created)


def change_role(membership: Membership, role: Role, actor: User, reason: str = "") -> None:
    """Raises Refused where it would leave the workspace without an administrator."""
    with _administrators_kept(membership.workspace):
        before = Membership.objects.select_for_update().get(pk=membership.pk).role
        if before == role:
            return
        Membership.objects.filter(pk=membership.pk).update(role=role)
        audit.record(
            action=Event.ROLE_CHANGED, actor=actor, workspace=membership.workspace, obj=membership.user,
            before={"role": before}, after={"role": role}, reason=reason,
        )  # fmt: skip
    membership.role = role


def remove_member(membership: Membership, actor: User, reason: str = "") -> None:
    """Takes the person out of this workspace; their keys for it stop working. Raises Refused like change_role."""
    workspace, user = membership.workspace, membership.user
    with _administrators_kept(workspace):
        Membership.objects.filter(pk=membership.pk).delete()
        audit.record(
            action=Event.MEMBER_REMOVED, actor=actor, workspace=workspace, obj=user,
            before={"role": membership.role}, reason=reason,
        )  # fmt: skip


def set_active(user: User, active: bool, *, workspace: Workspace, actor: User, reason: str = "") -> None:
    """Disables (or enables) an account: its sessions end and its keys stop working at once. Raises Refused."""
    require_authority(actor, user)
    if user.pk == actor.pk:
        raise Refused("You cannot disable yourself. Ask another administrator.")
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=not active).update(
            is_active=active, session_generation=F("session_generation") + 1
        )
        if changed:
            action = Event.PERSON_ENABLED if active else Event.PERSON_DISABLED
            audit.record(action=action, actor=actor, workspace=workspace, obj=user, reason=reason)


def end_sessions(user: User, *, actor: User, workspace: Workspace | None = None) -> None:
    """Signs the person out everywhere. The caller's own session is kept with update_session_auth_hash."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
        audit.record(action=Event.SESSIONS_ENDED, actor=actor, workspace=workspace, obj=user)
    user.refresh_from_db(fields=["session_generation"])


def password_link(user: User) -> str:
    """Path of a page where the person sets a password: good once, and until PASSWORD_RESET_TIMEOUT has passed."""
    token = allauth_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": token})


def has_authority(actor: User, user: User) -> bool:
    """Whether the actor may act on the account itself and not only on a membership.

    An account reaches into every workspace its owner is a member of, and an operator's into all of them. So it takes
    an operator, or somebody who manages people in each of the owner's workspaces.
    """
    return user.pk in within_authority(actor, [user])


def within_authority(actor: User, users: Iterable[User]) -> set[uuid.UUID]:
    """Ids of those over whose accounts the actor has authority (see has_authority). Two queries for any number."""
    candidates = {user.pk for user in users if actor.is_superuser or not (user.is_staff or user.is_superuser)}
    if actor.is_superuser:
        return candidates
    managed = [
        workspace
        for workspace, role in actor.memberships.values_list("workspace", "role")
        if role_allows(Role(role), Action.MANAGE_PEOPLE)
    ]
    beyond = Membership.objects.filter(user__in=candidates).exclude(workspace__in=managed)
    return candidates - set(beyond.values_list("user_id", flat=True))


def require_authority(actor: User, user: User) -> None:
    if not has_authority(actor, user):
        raise Refused(
            f"The account of {user} reaches beyond this workspace. An operator of this installation can do this."
        )


@contextmanager
def _administrators_kept(workspace: Workspace) -> Iterator[None]:
    """Undoes what happens inside where no active administrator is left. Changes of roles wait for each other."""
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)
        yield
        left = Membership.objects.filter(workspace=workspace, role=Role.ADMINISTRATOR, user__is_active=True)
        if not left.exists():
            raise Refused(f"{workspace} would be left without an administrator. Make somebody else one first.")
