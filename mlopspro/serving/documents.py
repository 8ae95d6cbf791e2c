"""Answers as plain documents, as the API writes them and the page of a trial shows them."""

from __future__ import annotations

from typing import Any

from mlopspro.serving.answers import PredictedRow, Prediction, Recommendation
from mlopspro.serving.lists import RankedItem, Reasons


def recommendation(found: Recommendation) -> dict[str, Any]:
    return {
        "prediction_id": str(found.prediction_id),
        "user": found.user,
        "known_user": found.known_user,
        "fallback": found.fallback,
        "model": {"id": str(found.model_id), "name": found.model},
        "version": found.version,
        "variant": found.variant,
        "interleaved_with": found.interleaved_with,
        "stands_in_for": found.stands_in_for,
        "items": [_item(rank, one) for rank, one in enumerate(found.items, 1)],
        "no_reasons": found.no_reasons,
        "latency_ms": found.latency_ms,
    }


def prediction(found: Prediction) -> dict[str, Any]:
    return {
        "model": {"id": str(found.model_id), "name": found.model},
        "family": found.family,
        "rows": [_row(one) for one in found.rows],
        "latency_ms": found.latency_ms,
    }


def _item(rank: int, one: RankedItem) -> dict[str, Any]:
    told: dict[str, Any] = {"rank": rank, "item": one.item, "title": one.title, "score": one.score}
    return told if one.reasons is None else {**told, "reasons": _reasons(one.reasons)}


def _reasons(found: Reasons) -> dict[str, Any]:
    parts = [{"key": key, "kind": kind, "label": label, "value": value} for key, kind, label, value in found.parts]
    because = [{"item": one.item, "title": one.title, "value": one.value} for one in found.because]
    return {"parts": parts, "because": because}


def _row(one: PredictedRow) -> dict[str, Any]:
    answer = one.answer
    told: dict[str, Any] = {"prediction_id": str(one.prediction_id), "value": answer.value}
    if answer.label:
        told |= {"label": answer.label, "probability": answer.confidence}
    if answer.action:
        told |= {"action": answer.action, "actions": answer.actions}
    return {**told, "version": one.version, "variant": one.variant}
