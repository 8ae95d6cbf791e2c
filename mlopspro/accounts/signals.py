"""Sign-ins and passwords in the audit trail, whichever way they happen."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from mlopspro.accounts.events import Event
from mlopspro.accounts.middleware import SIGNED_IN_AT
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    request.session[SIGNED_IN_AT] = int(time.time())
    audit.record(action=Event.SIGNED_IN, actor=user, obj=user)


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(action=Event.SIGNED_OUT, actor=user, obj=user)


@receiver([password_changed, password_set, password_reset])
def password_changed_somehow(request: HttpRequest, user: User, **_: Any) -> None:
    """Django ends all other sessions of the person by itself: a session is good for one password."""
    audit.record(action=Event.PASSWORD_CHANGED, actor=user, obj=user)
