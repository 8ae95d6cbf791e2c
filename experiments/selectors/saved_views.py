"""Saved views of the history: a person's own, and those that others of the workspace share."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from experiments.models import SavedView
from mlopspro.accounts.models import User, Workspace


def visible_views(workspace: Workspace, user: User) -> QuerySet[SavedView]:
    """By name, with their owners; no query yet."""
    rows: QuerySet[SavedView] = SavedView.objects.filter(workspace=workspace)
    return rows.filter(Q(owner=user) | Q(shared=True)).select_related("owner").order_by("name", "pk")
