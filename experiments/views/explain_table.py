"""The tab "Explain" of a run on a table: one prediction as a waterfall, and what the model leans on as a whole."""

from __future__ import annotations

from typing import Any

from experiments.forms.explain_table import ExplainRowForm
from experiments.models import Experiment
from experiments.selectors import metrics
from experiments.selectors.table_explanations import examples, explain_row
from experiments.services.explained_model import CannotExplain
from experiments.services.explained_table import ExplainedTable, explained_table
from experiments.services.spec import Refused
from experiments.shap_drawing import SCALES, swarms, waterfall
from mlopspro.core.http import WorkspaceRequest


def table_panel(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    """Context of the tab, with the permutation importance that the run stored where its family has one."""
    stored = {"state": "table", "columns": _permutation_importance(run)}
    try:
        model = explained_table(run)
    except CannotExplain as error:
        return stored | {"reason": str(error)}
    drawn, zero = swarms(model.judged, model.importance)
    facts = {
        "model": model,
        "swarms": drawn,
        "zero": zero,
        "further": len(model.importance) - len(drawn),
        "scale": SCALES[model.judged.link],
        "examples": examples(model),
    }
    return stored | facts | _row(request, model)


def _row(request: WorkspaceRequest, model: ExplainedTable) -> dict[str, Any]:
    if "row" not in request.GET:
        return {"form": ExplainRowForm(model)}
    form = ExplainRowForm(model, request.GET)
    if not form.is_valid():
        return {"form": form}
    try:
        found = explain_row(model, form.cleaned_data["row"], form.typed())
    except Refused as error:
        form.refuse(error.problems)
        return {"form": form}
    return {"form": ExplainRowForm(model, request.GET, inputs=found.inputs), "found": found, "fall": waterfall(found)}


def _permutation_importance(run: Experiment) -> list[dict[str, Any]]:
    evaluation = metrics.evaluation_of(run)
    return list(evaluation.details.get("importance") or []) if evaluation else []
