"""The navigation, in one list. An entry appears when its page exists and the person may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

Allowed = Callable[[str], bool]


@dataclass(frozen=True)
class NavEntry:
    label: str
    url_name: str
    icon: str
    key: str
    """The letter that follows ``g`` on the keyboard."""
    action: str = "view"
    """What a person must be allowed to do to see it, as ``request.standing.can`` knows it."""
    group: int = 0
    """Entries of one group stand together."""
    live: str = ""
    """An address that gives a fragment to stand beside the label, such as a count; asked by the page's script."""


ENTRIES = (
    NavEntry("Home", "insights:home", "house", "h"),
    NavEntry("Training", "experiments:training", "play", "t", "launch_training", 1),
    NavEntry("Experiments", "experiments:experiments", "flask-conical", "e", "view", 1),
    NavEntry("Metrics", "experiments:metrics", "chart-line", "f", "view", 1),
    NavEntry("Compare", "experiments:compare", "git-compare-arrows", "c", "view", 1),
    NavEntry("Datasets", "experiments:datasets", "database", "d", "view", 1),
    NavEntry("Recipes", "experiments:recipes", "scroll-text", "r", "view", 1),
    NavEntry("Models", "experiments:models", "box", "m", "view", 2),
    NavEntry("Recommend", "serving:recommend", "list-ordered", "p", "ask_model", 2),
    NavEntry("Monitoring", "monitoring:overview", "activity", "o", "view", 2),
    NavEntry("Alerts", "monitoring:alerts", "bell", "a", "view", 2, "monitoring:alerts_count"),
    NavEntry("Retraining", "retraining:overview", "refresh-cw", "n", "view", 2),
    NavEntry("Trials", "retraining:trials", "split", "l", "view", 2),
    NavEntry("Insights", "insights:insights", "chart-column", "y", "view", 2),
    NavEntry("Assistant", "experiments:assistant", "message-square-text", "i", "edit_recipe", 3),
    NavEntry("Admin", "admin:index", "shield", "b", "open_admin", 4),
    NavEntry("Settings", "accounts:settings", "settings", "s", "view", 4),
)


@dataclass(frozen=True)
class NavLink:
    entry: NavEntry
    href: str
    current: bool
    live: str = ""


def links(path: str, allowed: Allowed, entries: tuple[NavEntry, ...] = ENTRIES) -> list[list[NavLink]]:
    """The entries this person sees, in groups; current: the longest address that ``path`` begins with."""
    shown: list[tuple[NavEntry, str]] = []
    for entry in entries:
        try:
            href = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        if allowed(entry.action):
            shown.append((entry, href))
    matching = [href for _, href in shown if path == href or (href != "/" and path.startswith(href))]
    here = max(matching, key=len, default=None)
    groups: dict[int, list[NavLink]] = {}
    for entry, href in shown:
        live = reverse(entry.live) if entry.live else ""
        groups.setdefault(entry.group, []).append(NavLink(entry, href, href == here, live))
    return list(groups.values())
