"""Links to what other apps know of a version, on its page: each app says its own, and this one imports none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.models import ModelVersion


@dataclass(frozen=True)
class Link:
    label: str
    href: str
    icon: str


Provider = Callable[[ModelVersion], Link | None]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Has ``provider`` asked for every version's page; None: nothing to link to. Without queries."""
    if provider not in _providers:
        _providers.append(provider)


def links_of(version: ModelVersion) -> list[Link]:
    return [link for provider in _providers if (link := provider(version)) is not None]
