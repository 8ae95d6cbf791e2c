"""Small middleware that every answer passes through."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

GetResponse = Callable[[HttpRequest], HttpResponse]
KNOWN_GOOD_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")
log = structlog.get_logger(__name__)


class RequestIdMiddleware:
    """Gives each request an id that is in every log line, audit row and answer it causes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if KNOWN_GOOD_ID.match(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response


class DatabaseUnavailableMiddleware:
    """Says "database unavailable, try again" (503) where PostgreSQL does not answer, instead of an error page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, (OperationalError, InterfaceError)):
            return None
        return unavailable(request, exception)


def unavailable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 503 answer for a database that cannot be reached: JSON under /api, a page elsewhere."""
    log.error("database unavailable", error=str(exception).splitlines()[0] if str(exception) else "")
    detail = "The database does not answer. Nothing was changed; try again in a few seconds."
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse(
            {"type": "about:blank", "title": "Database unavailable", "status": 503, "detail": detail},
            status=503,
            content_type="application/problem+json",
        )
    else:
        # Without the request: context processors would ask the database again.
        response = render(None, "errors/503.html", {"detail": detail}, status=503)  # type: ignore[arg-type]
    response["Retry-After"] = "5"
    return response


class PrivatePagesMiddleware:
    """Keeps what signed-in people see out of shared caches, of the back button after sign-out and of search engines."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response
