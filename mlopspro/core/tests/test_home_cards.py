"""Parts put cards on home without home knowing them."""

from __future__ import annotations

from typing import cast

import pytest
from django.http import HttpRequest

from mlopspro.core import home_cards
from mlopspro.core.http import WorkspaceRequest


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_cards, "_PROVIDERS", [])


def test_providers_are_asked_in_order_once_and_may_have_nothing() -> None:
    def first(request: WorkspaceRequest) -> home_cards.Card:
        return "a.html", {"path": request.path}

    def nothing(request: WorkspaceRequest) -> None:
        return None

    def last(request: WorkspaceRequest) -> home_cards.Card:
        return "b.html", {}

    for one in (first, nothing, last, first):
        home_cards.register(one)
    request = HttpRequest()
    request.path = "/here"

    assert home_cards.cards(cast(WorkspaceRequest, request)) == [("a.html", {"path": "/here"}), ("b.html", {})]
