"""JSON API of what was predicted: rows, confidence, statistics, figures over time (F223)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.api_cursor import read_cursor, write_cursor
from monitoring.models import Source
from monitoring.selectors import recent, statistics
from monitoring.selectors.traffic import last_minute, sources_of
from monitoring.selectors.windows import BadPeriod, Period, period, total

router = Router(tags=["monitoring"])
PERIOD = "1h, 24h, 7d or 30d; or give `from` and `to`"
LAST_ID = uuid.UUID(int=2**128 - 1)


class OfModel(Schema):
    model: uuid.UUID = Field(description="Id of the model.")


class OfPeriod(OfModel):
    period: str = Field("24h", max_length=10, description=PERIOD)
    from_: str = Field("", alias="from", max_length=40, description="Date or time; UTC where it has no zone.")
    to: str = Field("", max_length=40, description="Empty: now.")


class Page(OfModel):
    limit: int = Field(50, ge=1, le=1000)
    cursor: str = Field("", max_length=200, description="`next_cursor` of the page before.")


class Counted(OfPeriod):
    limit: int = Field(8, ge=1, le=100, description="Items and users.")


class Course(OfPeriod):
    metric: str = Field("predictions", max_length=60, description=", ".join(statistics.NAMES))
    by: Literal["model", "source"] = Field("model", description="Of all versions and roles together, or of each.")


class PredictionOut(Schema):
    id: uuid.UUID
    at: dt.datetime
    version: str
    role: str
    user: str
    item: str = Field(description="The first of the list.")
    title: str
    items: int | None = Field(description="Length of the list; null where the model answers otherwise.")
    label: str
    value: float | None
    confidence: float | None
    processing_ms: float | None
    fallback: bool
    error: str


class PredictionPage(Envelope):
    data: list[PredictionOut]
    next_cursor: str = Field(description="Empty on the last page.")


class Window(Schema):
    start: dt.datetime
    end: dt.datetime
    step_seconds: int


class Bin(Schema):
    low: float
    high: float
    count: int


class Distribution(Schema):
    period: Window
    predictions: int = Field(description="Those that have a confidence.")
    bins: list[Bin]
    mean: float | None
    median: float | None = Field(description="Within 0.0025.")


class DistributionAnswer(Envelope):
    data: Distribution


class Frequent(Schema):
    name: str
    count: int
    low: int = Field(description="The true count is at least this; equal to `high` where it is exact.")
    high: int
    share: float | None


class FrequentItem(Frequent):
    title: str


class DayOut(Schema):
    day: dt.date
    predictions: int
    errors: int
    labelled: int


class StatisticsOut(Schema):
    period: Window
    figures: dict[str, float]
    by_item: list[FrequentItem]
    by_day: list[DayOut]
    by_user: list[Frequent]


class StatisticsAnswer(Envelope):
    data: StatisticsOut


class PointOut(Schema):
    start: dt.datetime
    value: float
    version: str = Field(description="Empty where all are together.")
    role: str


class CourseOut(Schema):
    period: Window
    metric: str
    points: list[PointOut]


class CourseAnswer(Envelope):
    data: CourseOut


@router.get("/mlops/predictions", response={200: PredictionPage, **ERRORS}, summary="Logged predictions")
@requires_api(Action.VIEW)
def mlops_predictions(request: WorkspaceRequest, asked: Query[Page]) -> Any:
    """The newest first, as long as their day is in the database."""
    refuse_unknown(request, Page)
    sources = sources_of(_model(request, asked.model))
    after = read_cursor(asked.cursor) if asked.cursor else None
    around = after[0] if after else last_minute(sources)
    rows = recent.newest(sources, around, asked.limit, after)
    return {"data": [_document(row) for row in rows], "next_cursor": _next(sources, rows, around, asked.limit)}


@router.get("/mlops/confidence", response={200: DistributionAnswer, **ERRORS}, summary="Distribution of confidence")
@requires_api(Action.VIEW)
def mlops_confidence(request: WorkspaceRequest, asked: Query[OfPeriod]) -> Any:
    """Ten bins from 0 to 1 with mean and median. Models whose scores are no probabilities have none."""
    chosen = period_of(request, OfPeriod, asked)
    whole = total(sources_of(_model(request, asked.model)), chosen, ("confidence",))
    bins = [{"low": at / 10, "high": (at + 1) / 10, "count": n} for at, n in enumerate(whole.confidence_bins())]
    figures = {"mean": whole.confidence_mean, "median": whole.confidence_median}
    return {"data": {"period": _window(chosen), "predictions": whole.with_confidence, "bins": bins, **figures}}


@router.get("/mlops/prediction-statistics", response={200: StatisticsAnswer, **ERRORS}, summary="By item, day and user")
@requires_api(Action.VIEW)
def mlops_prediction_statistics(request: WorkspaceRequest, asked: Query[Counted]) -> Any:
    """Counts of the most frequent ones carry their bounds: beyond 768 different ones they are sketched."""
    chosen = period_of(request, Counted, asked)
    found = statistics.statistics(_model(request, asked.model), chosen, asked.limit)
    return {"data": {"period": _window(chosen), **found}}


@router.get("/mlops/metric-history", response={200: CourseAnswer, **ERRORS}, summary="A figure over time")
@requires_api(Action.VIEW)
def mlops_metric_history(request: WorkspaceRequest, asked: Query[Course]) -> Any:
    """Live figures by window; windows in which it is not known are left out."""
    chosen = period_of(request, Course, asked)
    if asked.metric not in statistics.NAMES:
        raise Refused([Problem("metric", f"{asked.metric!r} is not known; accepted: {', '.join(statistics.NAMES)}")])
    model = _model(request, asked.model)
    points = statistics.metric_history(model, chosen, asked.metric, by_source=asked.by == "source")
    return {"data": {"period": _window(chosen), "metric": asked.metric, "points": points}}


def _model(request: WorkspaceRequest, pk: uuid.UUID) -> RegisteredModel:
    return get_visible_or_404(RegisteredModel, request, pk)


def period_of(request: WorkspaceRequest, schema: type[OfPeriod], asked: OfPeriod) -> Period:
    """Raises Refused for a parameter that is not known and for what is no period."""
    known = {info.alias or name for name, info in schema.model_fields.items()}
    if unknown := [name for name in request.GET if name not in known]:
        accepted = ", ".join(sorted(known))
        raise Refused([Problem(name[:100], f"is not known here; accepted: {accepted}") for name in unknown])
    try:
        return period(asked.period, start=asked.from_, end=asked.to)
    except BadPeriod as error:
        raise Refused([Problem(error.field, str(error))]) from error


def _window(chosen: Period) -> dict[str, Any]:
    return {"start": chosen.start, "end": chosen.end, "step_seconds": chosen.level}


def _document(row: recent.Recent) -> dict[str, Any]:
    same = ("at", "user", "title", "label", "value", "confidence", "fallback", "error")
    return {name: getattr(row, name) for name in same} | {
        "id": row.pk,
        "version": row.source.number,
        "role": row.source.role,
        "item": row.first,
        "items": row.length,
        "processing_ms": row.latency_ms,
    }


def _next(sources: list[Source], rows: list[recent.Recent], around: dt.datetime | None, limit: int) -> str:
    """After the last row; from the end of an earlier day where the days that were looked at have no more."""
    if len(rows) == limit:
        return write_cursor(rows[-1].at, rows[-1].pk)
    first = around.astimezone(dt.UTC).date() - dt.timedelta(days=1) if around is not None else None
    day = statistics.previous_day(sources, first) if first is not None else None
    if day is None:
        return ""
    return write_cursor(dt.datetime.combine(day, dt.time.max, dt.UTC), LAST_ID)
