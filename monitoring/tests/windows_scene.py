"""Rows of the prediction log put there by SQL, as the shipper does, for tests of windows and their pages."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

from django.db import connection
from django.utils import timezone

from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import Workspace
from monitoring.models import Source, StaleMinute, Window
from monitoring.services import partitions
from monitoring.services.window_writes import floor
from monitoring.summaries.measures import summarise
from monitoring.summaries.rows import Rows

NOON = floor(timezone.now(), 86400) - dt.timedelta(hours=12)
"""Of yesterday: closed, and its minutes are kept."""
COLUMNS = (
    "id", "day", "at", "received_at", "source_id", "user", "history", "fallback", "items", "scores", "value", "label",
    "confidence", "features", "latency_ms", "error",
)  # fmt: skip
Row = dict[str, Any]


def make_source(workspace: Workspace, number: str = "1.0.0", role: str = "champion", *, live: bool = True) -> Source:
    """Of the model Films; in production where ``live``."""
    version = make_version_row(workspace, "Films", number)
    if live:
        make_live(version)
    return Source.objects.create(workspace=workspace, model=version.model, version=version, role=role)


def row(at: dt.datetime, **fields: Any) -> Row:
    values: Row = {"user": "u1", "history": 5, "fallback": False, "items": ["a", "b", "c"], "latency_ms": 2.0}
    return {"id": uuid.uuid4(), "at": at, "label": "", "error": ""} | values | fields


def put(source: Source, rows: list[Row]) -> list[Row]:
    """Into the log with their stale minutes; a row's ``feedback`` is a list of dictionaries."""
    partitions.ensure({one["at"].date() for one in rows})
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    places = ", ".join("%s::jsonb" if name == "features" else "%s" for name in COLUMNS)
    with connection.cursor() as cursor:
        for one in rows:
            features = json.dumps(one["features"]) if one.get("features") else None
            full = one | {
                "day": one["at"].date(),
                "received_at": one["at"],
                "source_id": source.pk,
                "features": features,
            }
            cursor.execute(
                f"INSERT INTO monitoring_prediction ({names}) VALUES ({places})",  # noqa: S608
                [full.get(name) for name in COLUMNS],
            )
    stale(source, rows)
    for one in rows:
        for given in one.get("feedback") or ():
            react(source, one, **given)
    return rows


def react(
    source: Source, one: Row, kind: str, item: str = "", value: float | None = None, label: str = "", later: int = 60
) -> None:
    """Feedback on a row of the log, ``later`` seconds after it."""
    at = one["at"] + dt.timedelta(seconds=later)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitoring_feedback (id, day, prediction_id, item, kind, value, label, at, received_at) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [uuid.uuid4(), one["at"].date(), one["id"], item, kind, value, label, at, at],
        )
    stale(source, [one])


def stale(source: Source, rows: list[Row]) -> None:
    minutes = {floor(one["at"], 60) for one in rows}
    StaleMinute.objects.bulk_create(StaleMinute(source=source, minute=minute) for minute in minutes)


def stored(source: Source, level: int) -> dict[dt.datetime, Window]:
    return {one.start: one for one in Window.objects.filter(source=source, level=level)}


def expected(rows: list[Row]) -> Any:
    """The summary of the rows by the pure code, from Python objects."""
    return summarise(Rows.of(rows))
