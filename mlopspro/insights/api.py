"""JSON API of insights: the figures of the page."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from ninja import Field, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.insights.selectors import definitions
from mlopspro.insights.selectors.figures import figures
from mlopspro.insights.selectors.insights import insights as of
from mlopspro.insights.selectors.span import MOST, USUAL, BadSpan, span_of

router = Router(tags=["insights"])


class FigureOut(Schema):
    series: str
    period: str = Field(description="The Monday of a week, a month, a day, a moment (UTC), or the whole period.")
    name: str
    value: float | str | None = Field(description="Null: not known, or not enough data.")
    unit: str


class InsightsOut(Schema):
    weeks: int
    start: dt.datetime
    end: dt.datetime = Field(description="Of the week that is still going on.")
    metric: str = Field(description="protocol.metric of the quality of runs.")
    dataset: str = Field(description="On which it was measured: an id, or all.")
    figures: list[FigureOut]
    definitions: dict[str, str]


class InsightsAnswer(Envelope):
    data: InsightsOut


@router.get("/insights", response={200: InsightsAnswer, **ERRORS}, summary="Figures of the team's work over weeks")
@requires_api(Action.VIEW)
def insights(
    request: WorkspaceRequest, weeks: str = str(USUAL), metric: str = "", dataset: str = ""
) -> dict[str, object]:
    """Experiments, quality, time to production, cost, retrainings, alerts and, where it is recorded, use."""
    try:
        span = span_of(weeks, timezone.now())
    except BadSpan as error:
        raise Refused([Problem("weeks", f"a whole number from 1 to {MOST} is accepted, got {weeks[:20]!r}")]) from error
    found = of(request.workspace, span, metric, dataset)
    return {
        "data": {
            "weeks": span.weeks,
            "start": span.start,
            "end": span.end,
            "metric": found.quality.headline.key,
            "dataset": found.quality.dataset,
            "figures": [one.__dict__ for one in figures(found)],
            "definitions": definitions.ALL,
        }
    }
