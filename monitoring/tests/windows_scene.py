"""Rows of the prediction log as dictionaries, written the way the product writes them, for tests of windows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import Workspace
from monitoring.models import Source, Window
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.window_writes import floor
from monitoring.summaries.measures import summarise
from monitoring.summaries.rows import Rows

NOON = floor(timezone.now(), 86400) - dt.timedelta(hours=12)
"""Of yesterday: closed, and its minutes are kept."""
Row = dict[str, Any]


def make_source(workspace: Workspace, number: str = "1.0.0", role: str = "champion", *, live: bool = True) -> Source:
    """Of the model Films; in production where ``live``."""
    version = make_version_row(workspace, "Films", number)
    if live:
        make_live(version)
    return Source.objects.create(workspace=workspace, model=version.model, version=version, role=role)


def row(at: dt.datetime, **fields: Any) -> Row:
    values: Row = {"user": "u1", "history": 5, "fallback": False, "items": ["a", "b", "c"], "latency_ms": 2.0}
    return {"id": new_id(at), "at": at, "label": "", "error": ""} | values | fields


def put(source: Source, rows: list[Row]) -> list[Row]:
    """Into the log; a row's ``feedback`` is a list of dictionaries."""
    plain = [{name: value for name, value in one.items() if name != "feedback"} for one in rows]
    write_predictions([LoggedPrediction(source_id=source.pk, **one) for one in plain])
    given = [_feedback(one, **each) for one in rows for each in one.get("feedback") or ()]
    if given:
        write_feedback(given, workspace=source.workspace)
    return rows


def react(source: Source, one: Row, kind: str, item: str = "", value: float | None = None, **more: Any) -> None:
    """Feedback on a row of the log, ``later`` seconds after it."""
    write_feedback([_feedback(one, kind, item, value, **more)], workspace=source.workspace)


def _feedback(
    one: Row, kind: str, item: str = "", value: float | None = None, label: str = "", later: float = 1
) -> FeedbackRow:
    at = one["at"] + dt.timedelta(seconds=later)
    return FeedbackRow(prediction_id=one["id"], kind=kind, item=item, value=value, label=label, at=at)


def stored(source: Source, level: int) -> dict[dt.datetime, Window]:
    return {one.start: one for one in Window.objects.filter(source=source, level=level)}


def expected(rows: list[Row]) -> Any:
    """The summary of the rows by the pure code, from Python objects."""
    return summarise(Rows.of(rows))
