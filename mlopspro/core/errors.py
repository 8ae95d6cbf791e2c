"""Error answers: problem JSON under /api, a calm page elsewhere. They never show a stack or a path."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from mlopspro.core.middleware import unavailable


def _answer(request: HttpRequest, status: int, title: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        return JsonResponse(body, status=status, content_type="application/problem+json")
    return render(request, f"errors/{status}.html", {"title": title, "detail": detail}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, "Not allowed", str(exception) or "Your role does not allow this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "Not found", "There is nothing at this address, or it is not yours to see.")


def server_error(request: HttpRequest) -> HttpResponse:
    error = sys.exc_info()[1]
    if isinstance(error, (OperationalError, InterfaceError)):
        # What middleware asks the database for fails before any view, where process_exception would see it.
        return unavailable(request, error)
    return _answer(
        request, 500, "Something broke", "The error is in the log with this request's id. Nothing was saved."
    )
