"""Session lifetime, the workspace of a request, and the refusal of views that forgot to say who may see them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from mlopspro.accounts import third_party
from mlopspro.accounts.access import to_sign_in
from mlopspro.accounts.origin import bound_origin, origin_of
from mlopspro.accounts.permissions import NotAllowed
from mlopspro.accounts.standing import Standing
from mlopspro.core.marks import access_of
from mlopspro.core.middleware import unavailable

GetResponse = Callable[[HttpRequest], HttpResponse]
SIGNED_IN_AT = "signed_in_at"
SEEN_AT = "seen_at"
SEEN_EVERY_SECONDS = 300
log = structlog.get_logger(__name__)


class SessionLifetimeMiddleware:
    """Ends a session that has been idle (SESSION_COOKIE_AGE) or old (SESSION_ABSOLUTE_SECONDS) for too long.

    Django counts a session's age from its last write, so one is made every few minutes while the session is used.
    Fragments do not count as use: a page that refreshes itself would keep the session of an empty chair alive.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without its cookie there is no session to look at, and probes must not wait for the database.
        if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
            try:
                self._look_at(request)
            except (OperationalError, InterfaceError) as error:
                return unavailable(request, error)
        return self.get_response(request)

    def _look_at(self, request: HttpRequest) -> None:
        session, now = request.session, time.time()
        signed_in_at = session.get(SIGNED_IN_AT)
        if signed_in_at is None:
            return
        if now - signed_in_at > settings.SESSION_ABSOLUTE_SECONDS:
            logout(request)
        elif now - session.get(SEEN_AT, 0) > SEEN_EVERY_SECONDS and not _is_fragment(request):
            session[SEEN_AT] = int(now)


def _is_fragment(request: HttpRequest) -> bool:
    return request.method == "GET" and "HX-Request" in request.headers and "HX-Boosted" not in request.headers


class WorkspaceMiddleware:
    """Gives the request its ``standing`` (lazily), and everything it causes its origin in the audit trail."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.standing = Standing(request)  # type: ignore[attr-defined]
        with bound_origin(origin_of(request)):
            try:
                return self.get_response(request)
            finally:
                timezone.deactivate()


class DenyByDefaultMiddleware:
    """A view without a mark of mlopspro.core.marks answers nobody; third-party views go by their own gate."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if access_of(view) is not None:
            return None
        gate = third_party.gate_of(request.resolver_match)
        if gate is None:
            log.error("view without access mark", view=f"{view.__module__}.{getattr(view, '__qualname__', view)}")
            # Raised here it would pass the exception middleware by; a view is where refusals come from.
            return _refuse(request)
        try:
            return gate(request)
        except (OperationalError, InterfaceError) as error:
            return unavailable(request, error)


def _refuse(request: HttpRequest) -> HttpResponseBase:
    if not request.user.is_authenticated:
        return to_sign_in(request)
    raise NotAllowed("This page does not say who may see it, so nobody may.")
