"""Views that others wrote and that carry no mark of ours: the one list of them, and who gets past.

Anything that is neither marked nor named here is refused (and fails ``manage.py check``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from mlopspro.accounts.permissions import NotAllowed

if TYPE_CHECKING:
    Gate = Callable[[HttpRequest], HttpResponseBase | None]


def _operators_only(request: HttpRequest) -> HttpResponseBase | None:
    """The Django admin spans workspaces, so it is for operators of the installation (is_staff) alone."""
    from mlopspro.accounts.access import to_sign_in

    if not request.user.is_authenticated:
        return to_sign_in(request)
    if not request.user.is_staff:
        raise NotAllowed("The admin is for operators of this installation.")
    return None


def _by_operation(request: HttpRequest) -> HttpResponseBase | None:
    """Each API operation has an authenticator of its own (requires_api); checks.py fails where one has none."""
    return None


GATES: dict[str, Gate] = {"admin": _operators_only, "ninja": _by_operation}


def gate_of(match: ResolverMatch | None) -> Gate | None:
    """The gate of the app a URL resolved to, by its outermost app name."""
    return GATES.get(match.app_names[0]) if match and match.app_names else None
