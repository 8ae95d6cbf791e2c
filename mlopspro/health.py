"""Probes for load balancers: is the process alive, and can it do its work?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import public


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Looks at nothing else, so that a database outage does not restart web servers."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """PostgreSQL answers (503 if not). Says nothing about addresses, versions or data."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unavailable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})
