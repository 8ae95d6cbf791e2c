"""Cards that other parts put on the home page. Home knows none of them: each registers a provider when it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlopspro.core.http import WorkspaceRequest

Card = tuple[str, dict[str, Any]]
"""A template, and what it is rendered with."""
Provider = Callable[[WorkspaceRequest], Card | None]

_PROVIDERS: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Has ``provider`` asked at every rendering of home, in the order of registration; once, however often given.

    A provider answers None where it has nothing to show, with few queries, since home is polled.
    """
    if provider not in _PROVIDERS:
        _PROVIDERS.append(provider)
    return provider


def cards(request: WorkspaceRequest) -> list[Card]:
    """What stands on home for this person now."""
    return [card for provider in _PROVIDERS if (card := provider(request)) is not None]
