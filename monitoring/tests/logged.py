"""Sources, predictions and feedback for tests, written the way the product writes them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from experiments.tests.registered import make_model
from mlopspro.accounts.models import Workspace
from monitoring.models import Source
from monitoring.services.feedback import FeedbackRow, FeedbackWritten, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of


def make_source(
    workspace: Workspace,
    model: RegisteredModel | str = "recommender",
    *,
    version: ModelVersion | None = None,
    role: str = Source.As.CHAMPION,
    label: str = "",
    **fields: Any,
) -> Source:
    """A source of a model (made where there is none of this name; ``fields`` are the model's, such as family)."""
    chosen = make_model(workspace, model, **fields) if isinstance(model, str) else model
    return source_of(model=chosen, version=version, role=role, label=label)


def entry(source: Source, at: dt.datetime | None = None, **fields: Any) -> LoggedPrediction:
    """One entry, not written: a list of three items for user "1", unless ``fields`` say otherwise."""
    moment = at or timezone.now()
    values: dict[str, Any] = {
        "id": new_id(moment), "user": "1", "items": ["10", "20", "30"], "scores": [4.5, 4.0, 3.5],
        "confidence": 0.875, "latency_ms": 2.0, "input_size": 1,
    }  # fmt: skip
    return LoggedPrediction(**({"at": moment, "source_id": source.pk} | values | fields))


def log(source: Source, n: int = 1, at: dt.datetime | None = None, **fields: Any) -> list[LoggedPrediction]:
    """Write ``n`` predictions of users "0" to "n-1", one millisecond apart from ``at`` on."""
    start = at or timezone.now() - dt.timedelta(milliseconds=n)
    rows = [
        entry(source, start + dt.timedelta(milliseconds=index), **({"user": str(index)} | fields))
        for index in range(n)
    ]  # fmt: skip
    write_predictions(rows)
    return rows


def rate(
    workspace: Workspace,
    prediction: LoggedPrediction | uuid.UUID,
    item: str = "10",
    value: float | None = 5.0,
    *,
    kind: str = "rating",
    at: dt.datetime | None = None,
    **fields: Any,
) -> FeedbackWritten:
    """Write one piece of feedback on a prediction; a rating of 5 on item "10" unless said otherwise."""
    identity = prediction if isinstance(prediction, uuid.UUID) else prediction.id
    row = FeedbackRow(prediction_id=identity, kind=kind, item=item, value=value, at=at or timezone.now(), **fields)
    return write_feedback([row], workspace=workspace)
