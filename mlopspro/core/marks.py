"""The mark that every view carries: who may reach it. A view without one answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
ATTRIBUTE = "access"


@dataclass(frozen=True)
class Access:
    """``public``: everybody. Otherwise a sign-in is needed and, where given, a role that allows the action.

    ``action`` is that of safe methods (GET, HEAD, OPTIONS), ``change`` that of all others; they are values of
    mlopspro.accounts.permissions.Action.
    """

    public: bool = False
    action: str = ""
    change: str = ""

    def needed(self, method: str | None) -> str:
        """The action that a request of this method needs; empty where a sign-in is enough."""
        return self.action if method in SAFE_METHODS else self.change


SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def access_of(view: Callable[..., Any]) -> Access | None:
    """The mark of a view, also through wrappers that copy attributes; None where it has none."""
    mark = getattr(view, ATTRIBUTE, None)
    return mark if isinstance(mark, Access) else None


def marked(view: Callable[P, R], access: Access) -> Callable[P, R]:
    """The same view under a mark. Wraps rather than writes on it: third-party views are shared objects."""

    @wraps(view)
    def with_mark(*args: P.args, **kwargs: P.kwargs) -> R:
        return view(*args, **kwargs)

    setattr(with_mark, ATTRIBUTE, access)
    return with_mark


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Marks one of the few views that answer a stranger: sign-in, health probes, API docs."""
    return marked(view, Access(public=True))
