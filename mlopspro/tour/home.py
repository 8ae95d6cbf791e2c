"""The tour's card on home: while it is under way, and for a day after it."""

from __future__ import annotations

from mlopspro.core.home_cards import Card
from mlopspro.core.http import WorkspaceRequest
from mlopspro.tour import selectors


def card(request: WorkspaceRequest) -> Card | None:
    found = selectors.on_home(request.workspace)
    return ("tour/parts/home_card.html", {"found": found}) if found is not None else None
