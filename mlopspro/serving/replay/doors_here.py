"""Doors into this process: live ones, logged as any answer is, and those of the past, written to the log by time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from mlopspro.accounts.models import Workspace
from mlopspro.serving import answers
from mlopspro.serving.live import LiveModel
from mlopspro.serving.replay.doors import Asked, Told
from mlopspro.serving.replay.drift import Kind
from mlopspro.serving.replay.requests import ListRequest, Request, Troubles
from mlopspro.serving.replay.scored import Scored
from monitoring.services import prediction_ids, shipping
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.spool import spool

BATCH = 1_000
"""Predictions of the past that are written in one transaction."""


class LiveDoor:
    """Asks ``mlopspro.serving.answers`` as a web process does. Answers that shall suffer are made beside it, as it
    cannot be asked to be slow or to fail: their latency is what the log says, not what anybody waits."""

    refuses: frozenset[Kind] = frozenset()

    def __init__(self, workspace: Workspace, model: LiveModel, *, n: int = answers.DEFAULT_N) -> None:
        self.workspace, self.model, self.n = workspace, model, n

    def ask(self, request: Request, troubles: Troubles, at: dt.datetime) -> Asked:
        if troubles != Troubles():
            return self._suffering(request, troubles, at)
        name = str(self.model.id)
        if isinstance(request, ListRequest):
            found = answers.recommend(self.workspace, request.user, n=self.n, model=name)
            return Asked(found.prediction_id, tuple(one.item for one in found.items))
        predicted = answers.predict(self.workspace, name, [dict(request.features)])
        return Asked(predicted.rows[0].prediction_id)

    def tell(self, feedback: Sequence[Told]) -> None:
        write_feedback([feedback_row(one) for one in feedback], workspace=self.workspace)

    def flush(self) -> None:
        """Ships what this process logged, in case nobody else does."""
        shipping.ship_once(spool().folder)

    def _suffering(self, request: Request, troubles: Troubles, at: dt.datetime) -> Asked:
        live = answers.choose(self.workspace, str(self.model.id))
        row = Scored(live, self.n).row(request, troubles, at, prediction_ids.new_id(at))
        spool().append(row)
        return Asked(row.id, tuple(row.items or ()), failed=bool(row.error))


class PastDoor:
    """Writes predictions with times of the past straight to the log, in batches, as the version that is live now would
    have given them. Their ids follow from ``name`` and the request's number, so the same replay done again doubles
    nothing."""

    refuses: frozenset[Kind] = frozenset()

    def __init__(self, workspace: Workspace, model: LiveModel, *, n: int = answers.DEFAULT_N, name: str) -> None:
        self.workspace, self.model, self.name = workspace, model, name
        self.scored = Scored(model, n)
        self._rows: list[LoggedPrediction] = []

    def ask(self, request: Request, troubles: Troubles, at: dt.datetime) -> Asked:
        key = f"{self.name}/{request.number}"
        row = self.scored.row(request, troubles, at, prediction_ids.id_of_key(self.model.id, key))
        row.key = key
        self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._write()
        return Asked(row.id, tuple(row.items or ()), failed=bool(row.error))

    def tell(self, feedback: Sequence[Told]) -> None:
        self._write()
        write_feedback([feedback_row(one) for one in feedback], workspace=self.workspace)

    def flush(self) -> None:
        self._write()

    def _write(self) -> None:
        if self._rows:
            write_predictions(self._rows)
            self._rows = []


def feedback_row(told: Told) -> FeedbackRow:
    reaction = told.reaction
    return FeedbackRow(
        prediction_id=told.prediction_id,
        kind=reaction.kind,
        item=reaction.item,
        value=reaction.value,
        label=reaction.label,
        at=told.at,
        key=told.key,
    )


def new_name() -> str:
    """A name for a replay that nobody names."""
    return f"replay-{uuid.uuid4().hex[:12]}"
