"""Answers given in this process and turned into rows of the log, where a replay writes the log itself."""

from __future__ import annotations

import datetime as dt
import time
import uuid

from mlopspro.serving.entries import list_entry
from mlopspro.serving.list_answers import ListAnswer, answer_list, recommender_of
from mlopspro.serving.lists import UserList, list_of
from mlopspro.serving.live import LiveModel, Variant
from mlopspro.serving.problems import CannotAnswer, NotReady, Problem
from mlopspro.serving.replay.requests import ListRequest, Request, RowRequest, Troubles
from mlopspro.serving.rows import RowAnswer, answers_of
from monitoring.services.log_rows import LoggedPrediction

MOST_REMEMBERED = 50_000
FAILURE = "Failed on purpose: the drift errors of simulate_traffic"


class Scored:
    """Answers of one live model as rows of the log. A list that was made once is remembered, with its latency;
    not those that are interleaved or whose last place is drawn, as each is another."""

    def __init__(self, model: LiveModel, n: int) -> None:
        self.model, self.n = model, n
        self._lists: dict[tuple[uuid.UUID, str], tuple[UserList, float]] = {}

    def row(self, request: Request, troubles: Troubles, at: dt.datetime, prediction_id: uuid.UUID) -> LoggedPrediction:
        """The row that this answer at this time is. Raises NotReady where the model cannot answer, CannotAnswer for
        what it cannot work with."""
        variant = self._variant(request.user)
        if troubles.fails:
            return LoggedPrediction(
                id=prediction_id, at=at, source_id=variant.source_id, user=request.user, error=FAILURE,
                latency_ms=troubles.slower_ms,
            )  # fmt: skip
        if isinstance(request, ListRequest):
            return self._listed(request, troubles, at, prediction_id, variant)
        return self._predicted(request, troubles, at, prediction_id, variant)

    def _listed(
        self, request: ListRequest, troubles: Troubles, at: dt.datetime, prediction_id: uuid.UUID, variant: Variant
    ) -> LoggedPrediction:
        if variant.role == "interleaved" or (variant.role == "champion" and self.model.exploration):
            began = time.perf_counter()
            answer = answer_list(self.model, variant, request.user, self.n, at=at, request=prediction_id)
            milliseconds = 1000 * (time.perf_counter() - began)
        else:
            found, milliseconds = self._known_list(variant, request.user)
            answer = ListAnswer(variant, found)
        return list_entry(answer, request.user, prediction_id, at, milliseconds + troubles.slower_ms)

    def _predicted(
        self, request: RowRequest, troubles: Troubles, at: dt.datetime, prediction_id: uuid.UUID, variant: Variant
    ) -> LoggedPrediction:
        found, milliseconds = self._answer(variant, request)
        return LoggedPrediction(
            id=prediction_id,
            at=at,
            source_id=variant.source_id,
            user=request.user,
            value=found.value,
            label=found.label,
            confidence=found.confidence,
            features=dict(request.features),
            input_size=sum(value is not None for value in request.features.values()),
            latency_ms=milliseconds + troubles.slower_ms,
        )

    def _variant(self, user: str) -> Variant:
        if self.model.split is None:
            raise NotReady(f"{self.model.name} is in production and cannot answer.", soon=False)
        return self.model.split.owner(user)

    def _known_list(self, variant: Variant, user: str) -> tuple[UserList, float]:
        known = (variant.version.id, user)
        if known not in self._lists:
            if len(self._lists) >= MOST_REMEMBERED:
                self._lists.clear()
            began = time.perf_counter()
            found = list_of(recommender_of(variant), user, self.n)
            self._lists[known] = found, 1000 * (time.perf_counter() - began)
        return self._lists[known]

    def _answer(self, variant: Variant, request: RowRequest) -> tuple[RowAnswer, float]:
        table = variant.version.table
        if table is None:
            raise CannotAnswer([Problem("model", f"version {variant.version.number} does not answer rows")])
        began = time.perf_counter()
        return answers_of(table, [dict(request.features)])[0], 1000 * (time.perf_counter() - began)
