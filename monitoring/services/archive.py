"""Days of the log as files: each finished day of a workspace is one gzip file of JSON lines, written before the day
leaves the database (F132).

    <data root>/prediction-log/<workspace>/<day>.jsonl.gz

A line is a prediction with its source spelt out and its feedback beside it. A file appears whole or not at all, and
its hash is in PredictionArchive. Memory does not grow with the day: rows come through a cursor of the server.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from monitoring.models import PredictionArchive, Source

FOLDER = "prediction-log"
ROWS_AT_ONCE = 2_000
STATEMENT_TIMEOUT = "30min"
_DAY = """
SELECT p.id, p.at, p.received_at, p.key, p."user", p.history, p.fallback, p.items, p.scores, p.propensities, p.value,
       p.label, p.confidence, p.features::text, p.input_size, p.latency_ms, p.error, p.source_id
FROM monitoring_prediction p WHERE p.day = %s AND p.source_id = ANY(%s) ORDER BY p.id
"""
_FEEDBACK = """
SELECT f.prediction_id, f.id, f.item, f.kind, f.value, f.label, f.at, f.received_at
FROM monitoring_feedback f WHERE f.day = %s AND f.prediction_id = ANY(%s) ORDER BY f.prediction_id, f.at, f.received_at
"""
_NAMES = (
    "id", "at", "received_at", "key", "user", "history", "fallback", "items", "scores", "propensities", "value",
    "label", "confidence", "features", "input_size", "latency_ms", "error",
)  # fmt: skip
_FEEDBACK_NAMES = ("id", "item", "kind", "value", "label", "at", "received_at")
_COUNTS = """
SELECT s.workspace_id, count(*) FROM monitoring_prediction p JOIN monitoring_source s ON s.id = p.source_id
WHERE p.day = %s GROUP BY s.workspace_id
"""
_FEEDBACK_COUNTS = """
SELECT s.workspace_id, count(*) FROM monitoring_feedback f
JOIN monitoring_prediction p ON p.day = f.day AND p.id = f.prediction_id JOIN monitoring_source s ON s.id = p.source_id
WHERE f.day = %s GROUP BY s.workspace_id
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a workspace in one day."""

    predictions: int
    feedback: int


def write_day(day: dt.date) -> list[PredictionArchive]:
    """Write a file for each workspace that has predictions on ``day`` and whose file does not hold all of them.

    Returns those written. A day that goes on changing is simply written again.
    """
    known = {one.workspace_id: one for one in PredictionArchive.objects.filter(day=day)}
    return [
        _write(day, workspace)
        for workspace, counts in sorted(counts_of(day).items())
        if not _is_whole(known.get(workspace), counts)
    ]


def is_written(day: dt.date) -> bool:
    """Whether the files hold every row that the day has now."""
    known = {one.workspace_id: one for one in PredictionArchive.objects.filter(day=day)}
    return all(_is_whole(known.get(workspace), counts) for workspace, counts in counts_of(day).items())


def counts_of(day: dt.date) -> dict[uuid.UUID, Counts]:
    """By workspace; those without a prediction on the day are left out."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute(_COUNTS, [day])
        predictions = dict(cursor.fetchall())
        cursor.execute(_FEEDBACK_COUNTS, [day])
        feedback = dict(cursor.fetchall())
    return {workspace: Counts(number, feedback.get(workspace, 0)) for workspace, number in predictions.items()}


def _is_whole(archive: PredictionArchive | None, counts: Counts) -> bool:
    """Rows are only ever added, so equal numbers are equal rows."""
    return (
        archive is not None
        and (archive.predictions, archive.feedback) == (counts.predictions, counts.feedback)
        and (Path(settings.DATA_ROOT) / archive.path).is_file()
    )


def _write(day: dt.date, workspace_id: uuid.UUID) -> PredictionArchive:
    relative = f"{FOLDER}/{workspace_id}/{day:%Y-%m-%d}.jsonl.gz"
    path = Path(settings.DATA_ROOT) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_name(f".{path.name}.{os.getpid()}")
    predictions = feedback = 0
    try:
        with making.open("wb") as file:
            # Without time and name in its head, equal rows are equal files.
            with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed:
                for line, its_feedback in _lines(day, workspace_id):
                    packed.write(line)
                    predictions += 1
                    feedback += its_feedback
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
        _sync_folder(path.parent)
    finally:
        making.unlink(missing_ok=True)
    archive, _ = PredictionArchive.objects.update_or_create(
        workspace_id=workspace_id,
        day=day,
        defaults={
            "path": relative, "predictions": predictions, "feedback": feedback, "size_bytes": path.stat().st_size,
            "sha256": sha256_of(path), "written_at": timezone.now(), "dropped_at": None,
        },
    )  # fmt: skip
    return archive


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(day: dt.date, workspace_id: uuid.UUID) -> Iterator[tuple[bytes, int]]:
    """Each prediction as a line, with the number of its feedback; one picture of the database for all of them."""
    sources = _sources(workspace_id)
    encode = msgspec.json.Encoder().encode
    with transaction.atomic():
        with connection.cursor() as settings_cursor:
            if not connection.savepoint_ids:  # of a transaction within another the level is given
                settings_cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            settings_cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        with connection.chunked_cursor() as cursor:
            cursor.execute(_DAY, [day, list(sources)])
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                feedback = _feedback(day, [row[0] for row in rows])
                for row in rows:
                    its = feedback.get(row[0], [])
                    document = dict(zip(_NAMES, row[:-1], strict=True))
                    document["features"] = msgspec.Raw((row[13] or "null").encode())
                    yield encode(document | sources[row[-1]] | {"feedback": its}) + b"\n", len(its)


def _feedback(day: dt.date, predictions: list[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    found: dict[uuid.UUID, list[dict[str, Any]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FEEDBACK, [day, predictions])
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(dict(zip(_FEEDBACK_NAMES, row[1:], strict=True)))
    return found


def _sources(workspace_id: uuid.UUID) -> dict[int, dict[str, Any]]:
    """What stands for a source in a file: it must be readable without this database."""
    mine = Source.objects.filter(workspace_id=workspace_id).select_related("model", "version__model")
    return {
        source.pk: {
            "model": source.model.name,
            "model_id": source.model_id,
            "version": source.number,
            "version_id": source.version_id,
            "role": source.role,
            "source_id": source.pk,
        }
        for source in mine
    }


def _sync_folder(folder: Path) -> None:
    """So that the new name, too, survives a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
