"""JSON API of the prediction log (F131, F133): predictions served elsewhere, and feedback on any."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from experiments.api import ERRORS, Error
from mlopspro.accounts.access import standing_of
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.services import flooding, ingest
from monitoring.services.log_body import Form, RowProblem, Rows, TooManyRows, UnreadableBody, read_rows
from monitoring.services.log_forms import FeedbackForm, PredictionForm

router = Router(tags=["prediction log"])
NDJSON = ("application/x-ndjson", "application/jsonl", "application/jsonlines")
SHOWN_PROBLEMS = 100
ANSWERS: dict[int, Any] = {413: Error, 415: Error, **ERRORS}


class Refusal(Schema):
    row: int = Field(description="Place in the request, from 0 on.")
    field: str
    value: str
    accepted: str


class MadeId(Schema):
    row: int
    id: uuid.UUID


class PredictionsTaken(Schema):
    """`written + doubled + refused_count` is the number of rows that were sent."""

    written: int
    doubled: int = Field(description="Known already by their id: counted once.")
    refused_count: int
    refused: list[Refusal] = Field(description=f"The first {SHOWN_PROBLEMS}.")
    made_ids: list[MadeId] = Field(description="Of rows without an id; such a row sent again is another prediction.")


class FeedbackTaken(Schema):
    """`joined + waiting + doubled + late + refused_count` is the number of rows that were sent."""

    joined: int
    waiting: int = Field(description="Their prediction is not known yet; they wait seven days for it.")
    doubled: int
    late: int = Field(description="Their prediction's day left the database; not kept.")
    replaced: int = Field(description="Of the joined: others of the kind were there, and the latest counts.")
    not_shown: int = Field(description="Of the joined: on an item that the prediction's list does not have.")
    early: int = Field(description="Of the joined: older than the prediction.")
    refused_count: int
    refused: list[Refusal]


def _body(form: type[msgspec.Struct]) -> dict[str, Any]:
    """How the body is described in the OpenAPI document; it is read by msgspec, a hundred times faster."""
    schema = msgspec.json.schema(form)
    one = schema["$defs"][form.__name__]
    either = {"oneOf": [one, {"type": "array", "items": one, "maxItems": settings.LOG_MAX_ROWS}]}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": either}, NDJSON[0]: {"schema": {"type": "string"}}},
        }
    }


@router.post(
    "/predictions",
    response={200: PredictionsTaken, **ANSWERS},
    summary="Log predictions",
    openapi_extra=_body(PredictionForm),
)
@requires_api(Action.LOG_PREDICTIONS)
def log_predictions(request: WorkspaceRequest) -> HttpResponse:
    """One JSON object, an array, or NDJSON (`Content-Type: application/x-ndjson`), at most 10,000 rows and 8 MiB.

    Good rows are in the database when the answer comes; refused ones are listed. With `id` a row may be sent again at
    will: it is counted once.
    """
    rows = _read(request, PredictionForm)
    if isinstance(rows, HttpResponse):
        return rows
    read, unsafe = rows
    taken = ingest.take_predictions(read, request.workspace, unsafe_text=unsafe)
    if not taken.written and not taken.doubled:
        return _all_refused(taken.problems)
    made = [{"row": row, "id": str(identity)} for row, identity in taken.made_ids.items()]
    return _json({"written": taken.written, "doubled": taken.doubled, **_refused(taken.problems), "made_ids": made})


@router.post(
    "/feedback", response={200: FeedbackTaken, **ANSWERS}, summary="Log feedback", openapi_extra=_body(FeedbackForm)
)
@requires_api(Action.LOG_PREDICTIONS)
def log_feedback(request: WorkspaceRequest) -> HttpResponse:
    """What became of predictions, by `prediction` (our id) or by `model` and your `id`; forms as for predictions.

    Late, doubled, contradictory and unknown feedback: see "Prediction log" in the definitions.
    """
    rows = _read(request, FeedbackForm)
    if isinstance(rows, HttpResponse):
        return rows
    read, _ = rows
    written = ingest.take_feedback(read, request.workspace)
    if len(read.problems) == read.sent:
        return _all_refused(read.problems)
    return _json({**asdict(written), **_refused(sorted(read.problems, key=lambda problem: problem.row))})


def _read(request: WorkspaceRequest, form: type[Form]) -> tuple[Rows[Form], bool] | HttpResponse:
    """The request's rows, and whether a NUL character may be in them; or the answer that refuses it as a whole."""
    kind = (request.content_type or "").lower()
    if kind not in ("application/json", *NDJSON):
        accepted = f"application/json or {NDJSON[0]}"
        return problem(415, "Not understood", f"Content-Type is {kind[:80] or 'missing'}; accepted: {accepted}.")
    body = _bounded_body(request)
    if body is None:
        megabytes = settings.LOG_MAX_BODY_BYTES // 2**20
        return problem(413, "Too large", f"The body is larger than {megabytes} MiB; send it in parts.")
    try:
        rows = read_rows(body, form, lines=kind in NDJSON, limit=settings.LOG_MAX_ROWS)
    except UnreadableBody as error:
        return problem(422, "Not readable", f"The body {error}.")
    except TooManyRows as error:
        return problem(413, "Too many rows", f"{error} rows; at most {settings.LOG_MAX_ROWS:,} are accepted at once.")
    wait = flooding.seconds_to_wait(_sender(request), rows.sent, settings.LOG_ROWS_PER_MINUTE)
    if wait:
        limit = f"{settings.LOG_ROWS_PER_MINUTE:,} rows a minute"
        answer = problem(429, "Too fast", f"More than {limit} with this key; nothing was written. Send it later.")
        answer["Retry-After"] = str(wait)
        return answer
    return rows, b"\\u0000" in body or b"\x00" in body


def _bounded_body(request: HttpRequest) -> bytes | None:
    """The whole body, or None where it is larger than these operations take. Other operations take less, so Django's
    own limit is not raised; this reads the stream itself."""
    limit = settings.LOG_MAX_BODY_BYTES
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
            return None
    except ValueError:
        return None
    body: bytes = request.read(limit + 1)
    return body if len(body) <= limit else None


def _sender(request: WorkspaceRequest) -> str:
    key = standing_of(request).api_key
    return f"key {key.pk}" if key is not None else f"person {request.user.pk}"


def _refused(problems: list[RowProblem]) -> dict[str, Any]:
    return {"refused_count": len(problems), "refused": [asdict(one) for one in problems[:SHOWN_PROBLEMS]]}


def _all_refused(problems: list[RowProblem]) -> HttpResponse:
    shown = [{**asdict(one), "message": f"{one.value!r}; accepted: {one.accepted}"} for one in problems]
    return problem(422, "Refused", "No row could be taken; see errors.", shown[:SHOWN_PROBLEMS])


def problem(status: int, title: str, detail: str, errors: list[dict[str, Any]] | None = None) -> HttpResponse:
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "errors": errors or []}
    return HttpResponse(msgspec.json.encode(body), status=status, content_type="application/problem+json")


def _json(body: dict[str, Any]) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(body), content_type="application/json; charset=utf-8")
