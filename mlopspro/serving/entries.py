"""From answers to entries of the prediction log. Handing one over takes microseconds and never fails the answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from mlopspro.serving.list_answers import ListAnswer
from mlopspro.serving.live import Variant
from mlopspro.serving.rows import RowAnswer
from monitoring.services.log_rows import LoggedPrediction
from monitoring.services.prediction_ids import new_id
from monitoring.services.spool import spool

LONGEST_USER = 200
LONGEST_ERROR = 500


def log_list(answer: ListAnswer, user: str, prediction_id: uuid.UUID, at: dt.datetime, latency_ms: float) -> None:
    spool().append(list_entry(answer, user, prediction_id, at, latency_ms))


def list_entry(
    answer: ListAnswer, user: str, prediction_id: uuid.UUID, at: dt.datetime, latency_ms: float
) -> LoggedPrediction:
    """Where items are chosen by score alone nothing is known of propensities, and none are written."""
    found, propensities = answer.found, answer.propensities
    return LoggedPrediction(
        id=prediction_id,
        at=at,
        source_id=answer.variant.source_id,
        user=user[:LONGEST_USER],
        history=found.history,
        fallback=found.fallback,
        items=[one.item for one in found.items],
        scores=[one.score for one in found.items],
        propensities=None if propensities is None else list(propensities),
        confidence=found.confidence,
        features=answer.features,
        input_size=1,
        latency_ms=latency_ms,
    )


def log_row(
    variant: Variant, user: str, row: Mapping[str, Any], found: RowAnswer, at: dt.datetime, latency_ms: float
) -> uuid.UUID:
    prediction_id = new_id(at)
    spool().append(
        LoggedPrediction(
            id=prediction_id,
            at=at,
            source_id=variant.source_id,
            user=user[:LONGEST_USER],
            value=found.value,
            label=found.label,
            confidence=found.confidence,
            features=dict(row),
            input_size=sum(value is not None and value != "" for value in row.values()),
            latency_ms=latency_ms,
        )
    )
    return prediction_id


def log_failure(variant: Variant, user: str, error: Exception, at: dt.datetime, latency_ms: float) -> None:
    """A request that a model was found for and that got no answer."""
    words = str(error) or type(error).__name__
    spool().append(
        LoggedPrediction(
            id=new_id(at),
            at=at,
            source_id=variant.source_id,
            user=user[:LONGEST_USER],
            latency_ms=latency_ms,
            error=words[:LONGEST_ERROR],
        )
    )
