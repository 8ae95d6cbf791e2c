"""The frame of the settings pages: tabs for what the person may open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from mlopspro.accounts.access import standing_of
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import render_page


@dataclass(frozen=True)
class SettingsTab:
    key: str
    label: str
    icon: str
    url_name: str
    action: Action | None = None


TABS = (
    SettingsTab("profile", "Profile", "circle-user-round", "accounts:profile"),
    SettingsTab("keys", "API keys", "key-round", "accounts:keys", Action.MANAGE_OWN_KEYS),
    SettingsTab("people", "People", "users", "accounts:people", Action.MANAGE_PEOPLE),
    SettingsTab("workspace", "Workspace", "building-2", "accounts:workspace_settings", Action.MANAGE_WORKSPACE),
    SettingsTab("audit", "Audit trail", "scroll-text", "accounts:audit", Action.VIEW_AUDIT),
)


def settings_page(
    request: HttpRequest, tab: str, context: Mapping[str, Any], *, partial: str | None = None, status: int = 200
) -> HttpResponse:
    """Renders accounts/<tab>.html with the tabs above it."""
    standing = standing_of(request)
    shown = [item for item in TABS if item.action is None or standing.can(item.action)]
    items = [
        {"key": item.key, "label": item.label, "icon": item.icon, "href": reverse(item.url_name)} for item in shown
    ]
    values = {**context, "tabs": items, "tab": tab}
    return render_page(request, f"accounts/{tab}.html", values, partial=partial, status=status)
