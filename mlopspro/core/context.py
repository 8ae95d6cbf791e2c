"""What base.html needs on every page: the navigation, the theme, and whether the navigation is folded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from mlopspro.core import navigation

THEMES = ("dark", "light")
NAV_COOKIE = "nav"


@dataclass(frozen=True)
class Shell:
    """Asks nothing of the database until a template does; safe on error pages, where no middleware may have run."""

    request: HttpRequest

    @property
    def user(self) -> Any:
        return getattr(self.request, "user", None)

    @property
    def signed_in(self) -> bool:
        return bool(getattr(self.user, "is_authenticated", False))

    @cached_property
    def theme(self) -> str:
        chosen = getattr(self.user, "theme", "dark") if self.signed_in else "dark"
        return chosen if chosen in THEMES else "dark"

    @property
    def other_theme(self) -> str:
        return "light" if self.theme == "dark" else "dark"

    @property
    def folded(self) -> bool:
        return self.request.COOKIES.get(NAV_COOKIE) == "folded"

    @cached_property
    def nav(self) -> list[list[navigation.NavLink]]:
        return navigation.links(self.request.path, self._may) if self.signed_in else []

    def _may(self, action: str) -> bool:
        standing = getattr(self.request, "standing", None)
        return standing is not None and bool(standing.can(action))


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor."""
    return {"shell": Shell(request)}
