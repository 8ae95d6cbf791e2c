"""JSON API of explanations of models on tables: the same figures as the tab "Explain"."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema

from experiments.api import ERRORS, Envelope, Error
from experiments.learning.families import Family
from experiments.models import Experiment, JobStatus
from experiments.models.experiment import RunType
from experiments.selectors.table_explanations import examples, explain_row, input_columns
from experiments.services.explained_model import CannotExplain
from experiments.services.explained_table import explained_table
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["explanations"])


class ColumnShareOut(Schema):
    name: str
    size: float = Field(description="Mean absolute Shapley value, on the scale of the model.")
    share: float = Field(description="Of the sizes of all columns.")


class InputOut(Schema):
    name: str
    is_number: bool
    is_day: bool
    choices: list[str] = Field(description="Values it has, where these are few kinds.")


class RowOut(Schema):
    row: int
    label: str


class ColumnsOut(Schema):
    link: str = Field(description="identity, log (logarithms of the prediction) or logit (log-odds).")
    importance: list[ColumnShareOut]
    inputs: list[InputOut] = Field(description="Columns whose values can be given.")
    rows: list[RowOut] = Field(description="Some rows that can be asked about.")


class AddsOut(Schema):
    name: str
    value: str = Field(description="What the column holds in the row.")
    adds: float = Field(description="Its Shapley value.")


class RowExplanationOut(Schema):
    row: int
    label: str
    columns: list[AddsOut] = Field(description="The largest first.")
    base: float = Field(description="Mean raw prediction of the background; base + the sum of adds = raw.")
    raw: float
    predicted: float = Field(description="What the model answers: raw through the link, calibrated or cut at 0.")
    link: str
    adjusted: bool = Field(description="The model calibrates or cuts after the link.")
    changed: list[str]
    inputs: dict[str, str]


class ColumnsAnswer(Envelope):
    data: ColumnsOut


class RowAnswer(Envelope):
    data: RowExplanationOut


class RowIn(Schema):
    row: int | None = Field(
        None, description="Required. Number of a tested row of the table, from 1; of forecasts, of a coming day."
    )
    values: dict[str, str] = Field({}, description="Other values than the row's, by column; an empty one is missing.")


@router.get(
    "/experiments/{experiment_id}/explain-columns",
    response={200: ColumnsAnswer, 409: Error, **ERRORS},
    summary="What a model on a table leans on",
)
@requires_api(Action.VIEW)
def columns(request: WorkspaceRequest, experiment_id: uuid.UUID) -> Any:
    """Mean absolute Shapley values over rows that can be asked about, and which rows and values these are."""
    model = explained_table(_explainable(request, experiment_id))
    rows = [{"row": number, "label": label} for number, label in examples(model)]
    return {
        "data": {
            "link": model.judged.link,
            "importance": model.importance,
            "inputs": [asdict(each) for each in input_columns(model)],
            "rows": rows,
        }
    }


@router.post(
    "/experiments/{experiment_id}/explain-row",
    response={200: RowAnswer, 409: Error, **ERRORS},
    summary="Why a model on a table predicts what it predicts",
)
@requires_api(Action.VIEW)
def row(request: WorkspaceRequest, experiment_id: uuid.UUID, asked: RowIn) -> Any:
    """Exact Shapley values of one row's columns, against rows of the training part. Changes nothing."""
    run = _explainable(request, experiment_id)
    if asked.row is None:  # said only now: of another workspace's run nothing is said at all
        raise Refused([Problem("row", "is required; accepted: one of the rows that explain-columns lists")])
    found = explain_row(explained_table(run), asked.row, asked.values)
    return {"data": asdict(found)}


def _explainable(request: WorkspaceRequest, pk: uuid.UUID) -> Experiment:
    """Raises CannotExplain for runs that left no model on a table."""
    rows = Experiment.objects.filter(workspace=request.workspace, pk=pk, deleted_at__isnull=True)
    run = rows.select_related("dataset").first()
    if run is None:
        raise Http404
    if run.is_logged or run.run_type != RunType.TRAIN or not Family(run.family).is_tabular:
        raise CannotExplain("Only training runs on tables made here have rows to explain; see /explain for lists.")
    if run.status != JobStatus.COMPLETED:
        raise CannotExplain(f"The run is {run.status}; a completed one is explained.")
    return run
