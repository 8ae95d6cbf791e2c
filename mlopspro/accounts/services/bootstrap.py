"""The first administrator of an empty installation: made once, with a password that nobody can know beforehand."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.db import connection, transaction

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import Membership, User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import audit

DEFAULT_EMAIL = "admin@localhost"
_LOCK = 0x6D6C6F70  # "mlop": one start at a time makes the first administrator


@dataclass(frozen=True)
class FirstAdmin:
    email: str
    password: str | None
    """Only where this call made it; it is stored nowhere. None for an account that was there, or was given one."""
    created: bool


def ensure_first_admin(email: str | None = None, password: str | None = None) -> FirstAdmin:
    """Makes the workspace "Default" and its administrator where the installation has no people yet.

    E-mail and password come from the arguments, else from MLOPSPRO_ADMIN_EMAIL and MLOPSPRO_ADMIN_PASSWORD; without
    a password a random one of 24 characters is made and returned this one time. Safe to call at each start and from
    several processes at once. Raises ValidationError for a given password that the password rules refuse.
    """
    email = (email or os.environ.get("MLOPSPRO_ADMIN_EMAIL") or DEFAULT_EMAIL).strip().lower()
    given = password or os.environ.get("MLOPSPRO_ADMIN_PASSWORD") or None
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        present = User.objects.order_by("-is_superuser", "created_at").first()
        if present is not None:
            return FirstAdmin(present.email, None, created=False)
        if given:
            validate_password(given, User(email=email))
        made = None if given else secrets.token_urlsafe(18)
        _create(email, given or made or "")
    return FirstAdmin(email, made, created=True)


def _create(email: str, password: str) -> None:
    workspace, _ = Workspace.objects.get_or_create(slug="default", defaults={"name": "Default"})
    admin = User.objects.create_superuser(email, password, name="Administrator")
    Membership.objects.create(user=admin, workspace=workspace, role=Role.ADMINISTRATOR)
    audit.record(action=Event.FIRST_ADMINISTRATOR, workspace=workspace, obj=admin)
