"""Reading the audit trail of a workspace."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Any

from django.db.models import Q, QuerySet

from mlopspro.accounts.events import SIGN_IN_EVENTS, Event, action_label
from mlopspro.accounts.models import AuditEntry, Workspace
from mlopspro.accounts.permissions import Action


def entries(workspace: Workspace) -> QuerySet[AuditEntry]:
    """What was done in the workspace, and sign-ins of its members (they belong to no workspace); the newest first."""
    members = workspace.memberships.values_list("user_id", flat=True)
    ids = [str(pk) for pk in members]
    about_members = Q(workspace__isnull=True, action__in=SIGN_IN_EVENTS, object_type="accounts.user", object_id__in=ids)
    rows: QuerySet[AuditEntry] = AuditEntry.objects.filter(Q(workspace=workspace) | about_members)
    return rows.select_related("actor", "api_key")


def filtered(rows: QuerySet[AuditEntry], wanted: dict[str, Any], zone: zoneinfo.ZoneInfo) -> QuerySet[AuditEntry]:
    """Narrows by the cleaned data of AuditFilterForm; days are days in the reader's time zone."""
    if actor := wanted.get("actor"):
        rows = rows.filter(Q(actor__email__icontains=actor) | Q(actor__name__icontains=actor))
    if action := wanted.get("action"):
        rows = rows.filter(action=action)
    if about := wanted.get("object"):
        rows = rows.filter(Q(object_label__icontains=about) | Q(object_id=about))
    if since := wanted.get("since"):
        rows = rows.filter(at__gte=dt.datetime.combine(since, dt.time.min, zone))
    if until := wanted.get("until"):
        rows = rows.filter(at__lt=dt.datetime.combine(until, dt.time.min, zone) + dt.timedelta(days=1))
    return rows


def known_actions(workspace: Workspace) -> list[tuple[str, str]]:
    """What one can filter by: declared acts and events, and whatever else the trail holds."""
    found = set(AuditEntry.objects.filter(workspace=workspace).order_by().values_list("action", flat=True).distinct())
    names = sorted(found | set(Action.values) | set(Event.values))
    return sorted(((name, action_label(name)) for name in names), key=lambda item: item[1])
