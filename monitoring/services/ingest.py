"""Predictions and feedback that others send: from checked forms to rows of the log."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from django.db import connection
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss, Source
from monitoring.services import losses
from monitoring.services.feedback import FeedbackRow, FeedbackWritten, write_feedback
from monitoring.services.log_body import RowProblem, Rows
from monitoring.services.log_days import accepted_times, utc_day
from monitoring.services.log_forms import ACCEPTED, MAX_FEATURE_BYTES, FeedbackForm, PredictionForm
from monitoring.services.log_rows import LoggedPrediction
from monitoring.services.prediction_ids import id_of_key, new_id
from monitoring.services.sources import source_of
from monitoring.services.tolerant import write_each

MAX_LABELS = 200
"""Own words for versions that one model may have: each is a source with windows of its own."""
ON_ITEMS = frozenset({"rating", "click", "conversion", "skip"})
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Taken:
    """What became of a request: ``written + doubled + len(problems)`` is all of it. ``made_ids`` are of rows (by
    their place in the request) that had none."""

    written: int = 0
    doubled: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    made_ids: dict[int, uuid.UUID] = field(default_factory=dict)


class Models:
    """Models and versions of a workspace by the words of callers; each asked of the database once a request."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._models: dict[str, RegisteredModel | None] = {}
        self._sources: dict[tuple[str, str], Source | None] = {}

    def model(self, word: str) -> RegisteredModel | None:
        """By name or id. None where this workspace has none: one of another workspace does not exist."""
        if word not in self._models:
            mine = RegisteredModel.objects.filter(workspace=self.workspace)
            found = mine.filter(name=word, archived_at__isnull=True).first()
            if found is None and (identity := _as_uuid(word)) is not None:
                found = mine.filter(pk=identity).first()
            self._models[word] = found
        return self._models[word]

    def source(self, model: RegisteredModel, word: str, version: str) -> Source | None:
        """What answered, served elsewhere. None where the model has too many own words for versions already."""
        key = (word, version)
        if key not in self._sources:
            self._sources[key] = self._source(model, version.strip())
        return self._sources[key]

    def _source(self, model: RegisteredModel, version: str) -> Source | None:
        found = _version(model, version)
        if found is not None:
            return source_of(model=model, version=found, role=Source.As.ELSEWHERE)
        others = Source.objects.filter(model=model, role=Source.As.ELSEWHERE, version=None)
        if not others.filter(label=version).exists() and others.count() >= MAX_LABELS:
            return None
        return source_of(model=model, version=None, role=Source.As.ELSEWHERE, label=version)


def take_predictions(rows: Rows[PredictionForm], workspace: Workspace, *, unsafe_text: bool = True) -> Taken:
    """Write what is right of ``rows``; durable when it returns. With ``unsafe_text`` NUL characters are looked for,
    which PostgreSQL cannot store."""
    models, now = Models(workspace), timezone.now()
    times = accepted_times(now)
    taken = Taken()
    entries: list[LoggedPrediction] = []
    places: list[int] = []
    timeless: list[LoggedPrediction] = []
    for row, form in rows.good:
        if not _is_right(rows, row, form, times, unsafe_text):
            continue
        model = models.model(form.model)
        source = models.source(model, form.model, form.version) if model is not None else None
        if model is None:
            rows.refuse(row, "model", form.model)
            continue
        if source is None:
            rows.refuse(row, "version", form.version, f"one of the {MAX_LABELS} words this model has for versions")
            continue
        entry = _entry(form, model, source, now)
        if not entry.key:
            taken.made_ids[row] = entry.id
        elif form.at is None:
            timeless.append(entry)
        entries.append(entry)
        places.append(row)
    _keep_their_day(timeless, now)
    written, refused = write_each(entries)
    for index, reason in refused:
        rows.refuse(places[index], "", reason, "a row that the database can store")
        taken.made_ids.pop(places[index], None)
    taken.written, taken.doubled = written.inserted, written.doubled
    taken.problems = sorted(rows.problems, key=lambda problem: problem.row)
    losses.count(LogLoss.Reason.DOUBLED_PREDICTION, taken.doubled, workspace=workspace)
    count_refused(taken.problems, workspace)
    return taken


def take_feedback(rows: Rows[FeedbackForm], workspace: Workspace) -> FeedbackWritten:
    """Write what is right of ``rows``; problems are added to them."""
    models, now = Models(workspace), timezone.now()
    first, last = accepted_times(now)
    found: list[FeedbackRow] = []
    for row, form in rows.good:
        if (prediction := _prediction_of(rows, row, form, models)) is None:
            continue
        if form.at is not None and not first <= form.at <= last:
            rows.refuse(row, "at", form.at.isoformat(), f"a time from {first:%Y-%m-%d} to five minutes from now")
        elif (problem := _wrong_kind(form)) is not None:
            rows.refuse(row, *problem)
        elif "\x00" in f"{form.item}{form.label}{form.key}":
            rows.refuse(row, "item", form.item, "text without NUL characters")
        else:
            found.append(
                FeedbackRow(
                    prediction_id=prediction, kind=form.kind, item=str(form.item), value=form.value,
                    label=str(form.label), at=form.at or now, key=str(form.key),
                )
            )  # fmt: skip
    count_refused(rows.problems, workspace)
    return write_feedback(found, workspace=workspace) if found else FeedbackWritten()


def count_refused(problems: Sequence[RowProblem], workspace: Workspace) -> None:
    if problems:
        last = problems[-1]
        losses.count(
            LogLoss.Reason.REFUSED_ROW, len(problems), workspace=workspace, detail=f"{last.field}: {last.value}"
        )


def _is_right(
    rows: Rows[PredictionForm],
    row: int,
    form: PredictionForm,
    times: tuple[dt.datetime, dt.datetime],
    unsafe_text: bool,
) -> bool:
    """What a form's types alone do not say. Notes the first problem."""
    answers = (form.items is not None) + (form.label is not None) + (form.value is not None)
    if answers > 1 or (answers == 0 and not form.error):
        rows.refuse(row, "items", None, "exactly one of items, label and value, or an error")
    elif form.at is not None and not times[0] <= form.at <= times[1]:
        rows.refuse(row, "at", form.at.isoformat(), f"a time from {times[0]:%Y-%m-%d} to five minutes from now")
    elif form.items is not None and len(set(form.items)) != len(form.items):
        rows.refuse(row, "items", form.items)
    elif form.scores is not None and len(form.scores) != len(form.items or ()):
        rows.refuse(row, "scores", len(form.scores))
    elif form.propensities is not None and len(form.propensities) != len(form.items or ()):
        rows.refuse(row, "propensities", len(form.propensities))
    elif form.features is not None and len(_encode(form.features)) > MAX_FEATURE_BYTES:
        rows.refuse(row, "features", f"{len(_encode(form.features)):,} bytes")
    elif unsafe_text and b"\\u0000" in _encode(form):
        rows.refuse(row, "", "a NUL character", "text without NUL characters")
    else:
        return True
    return False


def _entry(form: PredictionForm, model: RegisteredModel, source: Source, now: dt.datetime) -> LoggedPrediction:
    at, key = form.at or now, str(form.id)
    return LoggedPrediction(
        id=id_of_key(model.pk, key) if key else new_id(at),
        at=at,
        source_id=source.pk,
        key=key,
        user=str(form.user),
        history=form.history,
        fallback=form.fallback,
        items=None if form.items is None else list(map(str, form.items)),
        scores=form.scores,
        propensities=form.propensities,
        value=form.value,
        label="" if form.label is None else str(form.label),
        confidence=form.confidence,
        features=form.features,
        input_size=_input_size(form),
        latency_ms=form.latency_ms,
        error=form.error,
    )


def _input_size(form: PredictionForm) -> int | None:
    """As the caller says, or else the number of features."""
    if form.input_size is not None or form.features is None:
        return form.input_size
    return len(form.features)


def _keep_their_day(entries: Sequence[LoggedPrediction], now: dt.datetime) -> None:
    """A row without a time stands in the day it came; sent again after midnight it must not stand in two days. So
    what yesterday has already is given yesterday's time, and is known there."""
    if not entries:
        return
    yesterday = utc_day(now) - dt.timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at FROM monitoring_prediction WHERE day = %s AND id = ANY(%s)",
            [yesterday, [entry.id for entry in entries]],
        )
        known = dict(cursor.fetchall())
    for entry in entries:
        entry.at = known.get(entry.id, entry.at)


def _prediction_of(rows: Rows[FeedbackForm], row: int, form: FeedbackForm, models: Models) -> uuid.UUID | None:
    if (form.prediction is None) == (form.model is None or form.id == ""):
        rows.refuse(row, "prediction", form.prediction, f"{ACCEPTED['prediction']}, or model and id, not both")
        return None
    if form.prediction is not None:
        return form.prediction
    model = models.model(form.model or "")
    if model is None:
        rows.refuse(row, "model", form.model)
        return None
    return id_of_key(model.pk, str(form.id))


def _wrong_kind(form: FeedbackForm) -> tuple[str, object, str] | None:
    """Field, value and what is accepted, where kind and content do not go together."""
    if form.kind in ON_ITEMS and form.item == "":
        return "item", form.item, f"the item that was shown, for a {form.kind}"
    if form.kind not in ON_ITEMS and form.item != "":
        return "item", form.item, f"none, for a {form.kind}: it is of the whole prediction"
    if form.kind in ("rating", "value") and form.value is None:
        return "value", form.value, f"a finite number, for a {form.kind}"
    if form.kind == "label" and form.label == "":
        return "label", form.label, "the true label, for a label"
    return None


def _version(model: RegisteredModel, word: str) -> ModelVersion | None:
    parts = word.removeprefix("v").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        return None
    major, minor, patch = map(int, parts)
    return model.versions.filter(major=major, minor=minor, patch=patch).first()


def _as_uuid(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(word)
    except ValueError:
        return None
