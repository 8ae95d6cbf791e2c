"""JSON API of answers (F211): a user's list, and rows for models on tables."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse
from ninja import Field, Path, Router, Schema
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope, Error
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.serving import answers, documents
from mlopspro.serving.table_inputs import MOST_ROWS

router = Router(tags=["answers"])
RESPONSES: dict[int, Any] = {409: Error, **ERRORS}
_encode = msgspec.json.Encoder().encode
LONGEST_NAME = 200


class ModelOut(Schema):
    id: uuid.UUID
    name: str


class PartOut(Schema):
    key: str
    kind: str = Field(description="collaborative, content or bias")
    label: str
    value: float


class BecauseOut(Schema):
    item: str
    title: str | None
    value: float


class ReasonsOut(Schema):
    parts: list[PartOut] = Field(description="They sum to the score within 1e-5.")
    because: list[BecauseOut] = Field(description="Of the user's history, with what each adds; not of every model.")


class ItemOut(Schema):
    rank: int
    item: str
    title: str | None = Field(description="null where the data has no titles")
    score: float = Field(description="What the list is ordered by; of a fallback the number of users of the item.")
    reasons: ReasonsOut | None = Field(None, description="Only with explain=true, of models that have exact parts.")


class RecommendationOut(Schema):
    prediction_id: uuid.UUID = Field(description="Send it with feedback: POST /api/feedback.")
    user: str
    known_user: bool = Field(description="The version learnt from this user.")
    fallback: bool = Field(description="An unknown user: the list is popularity's, the same for all of them.")
    model: ModelOut
    version: str
    variant: str = Field(description="Role of the version that answered: champion, challenger or interleaved.")
    interleaved_with: str = Field(
        description="The champion, where the list mixes its items with the version's; else empty."
    )
    stands_in_for: str = Field(description="The version that should have answered and cannot be loaded; else empty.")
    items: list[ItemOut]
    no_reasons: str = Field(description="Why there are no reasons although they were asked for; else empty.")
    latency_ms: float


class RecommendationAnswer(Envelope):
    data: RecommendationOut


class Rows(Schema):
    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(
        default_factory=list, max_length=MOST_ROWS, description="One object a row, 1 to 1,000: value by column."
    )


class RowOut(Schema):
    prediction_id: uuid.UUID
    value: float = Field(description="Forecast, demand, score of a place, or the probability that the action works.")
    label: str | None = Field(None, description="Of next best action: 1 where it is expected to work, else 0.")
    probability: float | None = Field(None, description="Of the label.")
    action: str | None = Field(None, description="The row's own action, or the best one where it names none.")
    actions: dict[str, float] | None = Field(None, description="Probability that each action works.")
    version: str
    variant: str


class PredictionOut(Schema):
    model: ModelOut
    family: str
    rows: list[RowOut]
    latency_ms: float


class PredictionAnswer(Envelope):
    data: PredictionOut


@router.get("/recommend/{user_id}", response={200: RecommendationAnswer, **RESPONSES}, summary="A user's list")
@requires_api(Action.ASK_MODEL, recalled=True)
def recommend(
    request: WorkspaceRequest,
    user_id: Annotated[str, Path(max_length=answers.LONGEST_USER)],
    n: int = answers.DEFAULT_N,
    model: str = "",
    explain: bool = False,
) -> HttpResponse:
    """The `n` best items (1 to 100) that the user has not seen, by the version that answers this user. `model` is a
    name or id; it may be left out while one recommender is live. The answer is written to the prediction log."""
    found = answers.recommend(request.workspace, user_id, n=n, model=model[:LONGEST_NAME] or None, explain=explain)
    return _json({"success": True, "data": documents.recommendation(found)})


@router.post("/predict/{model}", response={200: PredictionAnswer, **RESPONSES}, summary="Answers to rows of a table")
@requires_api(Action.ASK_MODEL, recalled=True)
def predict(request: WorkspaceRequest, model: str, asked: Rows) -> HttpResponse:
    """For models that learn from tables; `model` is a name or id. Columns are those the model learnt from, without
    what it predicts; one that is left out counts as missing where the model can do without. All rows or none are
    answered, and each answer is written to the prediction log."""
    found = answers.predict(request.workspace, model[:LONGEST_NAME], asked.rows)
    return _json({"success": True, "data": documents.prediction(found)})


def _json(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(_encode(document), content_type="application/json; charset=utf-8")
