"""Making, checking and revoking API keys."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import ApiKey, Membership, User, Workspace
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import audit, key_recall

TOKEN = re.compile(r"^mlops_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$")
"""mlops_<prefix>_<32 random bytes in base64url>. The fixed start lets secret scanners recognise a leaked key."""
LAST_USED_EVERY = dt.timedelta(minutes=1)
_NOBODY = "0" * 64


@dataclass(frozen=True)
class NewKey:
    key: ApiKey
    token: str
    """The key itself: shown once, kept nowhere."""


@dataclass(frozen=True)
class Credentials:
    """A key that may act now, with its owner's present membership."""

    key: ApiKey
    membership: Membership


def create_key(
    *,
    owner: User,
    workspace: Workspace,
    name: str,
    scopes: Iterable[str],
    expires_at: dt.datetime | None,
    actor: User | None,
) -> NewKey:
    """A new key of a member of the workspace. Raises ValueError for unknown scopes or an expiry in the past."""
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in Scope.values]
    if unknown or not wanted:
        raise ValueError(f"scopes: {unknown or 'none given'}; accepted are {', '.join(Scope.values)}")
    if expires_at is not None and expires_at <= timezone.now():
        raise ValueError(f"expires_at: {expires_at:%Y-%m-%d %H:%M} UTC is past; a later time is accepted")
    if not Membership.objects.filter(user=owner, workspace=workspace).exists():
        raise ValueError(f"owner: {owner.email} is not a member of {workspace.name}")
    prefix = secrets.token_hex(6)
    token = f"mlops_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name, owner=owner, workspace=workspace, prefix=prefix, token_sha256=_hash(token),
            scopes=wanted, expires_at=expires_at,
        )  # fmt: skip
        audit.record(
            action=Event.KEY_CREATED, actor=actor, workspace=workspace, obj=key,
            after={"owner": owner.email, "scopes": wanted, "expires_at": expires_at},
        )  # fmt: skip
    return NewKey(key, token)


def revoke_key(key: ApiKey, actor: User | None, reason: str = "") -> bool:
    """Ends a key at once and for good. False where it was revoked before."""
    with transaction.atomic():
        revoked = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
        if revoked:
            audit.record(action=Event.KEY_REVOKED, actor=actor, workspace=key.workspace, obj=key, reason=reason)
    key_recall.forget()
    return bool(revoked)


def check_token(token: str) -> Credentials | None:
    """Who a presented key acts for, or None: unknown, wrong, expired, revoked, owner disabled or no longer a member.

    Everything is asked anew at each call; nothing about a key is cached. Two queries, and an update once a minute.
    """
    match = TOKEN.match(token)
    if match is None:
        return None
    key = ApiKey.objects.select_related("owner", "workspace").filter(prefix=match.group(1)).first()
    # An unknown prefix takes the same steps as a wrong secret.
    right = hmac.compare_digest(key.token_sha256 if key else _NOBODY, _hash(token))
    if key is None or not right or not key.is_usable() or not key.owner.is_active:
        return None
    membership = (
        Membership.objects.select_related("workspace", "user")
        .filter(user=key.owner_id, workspace=key.workspace_id)
        .first()
    )
    if membership is None:
        return None
    _note_use(key)
    return Credentials(key, membership)


def recall_token(token: str) -> Credentials | None:
    """As :func:`check_token`, or its answer of at most two seconds ago: see ``key_recall``. Then without a query."""
    digest = _hash(token)
    found = key_recall.recall(digest)
    if found is None:
        found = check_token(token)
        if found is not None:
            key_recall.remember(digest, found)
    return found


def _note_use(key: ApiKey) -> None:
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    if key.last_used_at is None or key.last_used_at < now - LAST_USED_EVERY:
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _hash(token: str) -> str:
    # A plain hash is enough: the secret has 256 random bits, so there is nothing to guess that a slow hash would slow.
    return hashlib.sha256(token.encode()).hexdigest()
