"""Probes for load balancers: is the process alive, and can it do its work? And a look at the database at the start."""

from __future__ import annotations

import time

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import public
from mlopspro.core.logs import scrub_text
from monitoring.selectors import readiness

log = structlog.get_logger(__name__)


@public
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. Looks at nothing else, so that a database outage does not restart web servers."""
    return JsonResponse({"status": "ok"})


@public
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """PostgreSQL answers (503 if not). Says nothing about addresses, versions or data.

    Redis, MLflow and workers are named as degraded where they are; the site answers without them, so this is 200.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unavailable"}, status=503)
    found = readiness.parts()
    status = "degraded" if "degraded" in found.values() else "ok"
    return JsonResponse({"status": status, "database": "ok", **found})


def try_database() -> bool:
    """Says in the log of a starting web server whether it reaches its database. It starts in either case, since a
    database that comes back needs no restart."""
    where = "{HOST}:{PORT}/{NAME}".format(**settings.DATABASES["default"])
    began = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        reason = scrub_text(str(error).strip().splitlines()[0]) if str(error).strip() else ""
        log.error("database does not answer; pages say so until it does", database=where, reason=reason)  # noqa: TRY400
        return False
    finally:
        # Whoever is forked from this process must not share its connection.
        connection.close()
    log.info("database answers", database=where, milliseconds=round((time.perf_counter() - began) * 1000))
    return True
