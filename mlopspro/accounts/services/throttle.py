"""The brake on guessing passwords, counted in PostgreSQL so that it holds while Redis is down.

django-allauth has brakes of its own, counted in the cache; this one stands behind them.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q
from django.utils import timezone

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import AuditEntry

WINDOW = dt.timedelta(minutes=5)
FAILURES_PER_EMAIL = 5
FAILURES_PER_ADDRESS = 30


def too_many_failures(email: str, ip: str | None) -> bool:
    """Whether this e-mail address or network address failed too often in the last minutes. One query.

    The same for addresses that belong to nobody, so that the answer tells nothing about who has an account.
    """
    recent = AuditEntry.objects.filter(action=Event.SIGN_IN_FAILED, at__gt=timezone.now() - WINDOW)
    rows = recent.filter(Q(object_label=email.strip().lower()[:200]) | Q(ip=ip)).values_list("object_label", "ip")
    by_email = by_address = 0
    for label, address in rows[: FAILURES_PER_EMAIL + FAILURES_PER_ADDRESS]:
        by_email += label == email.strip().lower()[:200]
        by_address += ip is not None and address == ip
    return by_email >= FAILURES_PER_EMAIL or by_address >= FAILURES_PER_ADDRESS
