"""The tab "Explain" of a run's page: a user's list with the reasons of each place, and what the model leans on."""

from __future__ import annotations

from typing import Any

from experiments.explain_bars import KIND_HELP, KIND_LABELS, item_bars, kinds_of
from experiments.forms.explain import ExplainForm
from experiments.learning.families import Family
from experiments.models import Experiment, JobStatus
from experiments.models.experiment import RunType
from experiments.selectors.explanations import UserExplanation, example_users, explain_user
from experiments.services.explained_model import CannotExplain, ExplainedModel, explained_model
from experiments.services.spec import Refused
from experiments.views.explain_table import table_panel
from mlopspro.core.http import WorkspaceRequest


def explain_panel(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    """Context of the tab. ``state`` says which of its faces is shown."""
    if not run.is_terminal:
        return {"state": "waiting"}
    if run.run_type != RunType.TRAIN:
        return {"state": "judges"}
    if run.status != JobStatus.COMPLETED:
        return {"state": "ended"}
    if Family(run.family).is_tabular:
        return table_panel(request, run)
    try:
        model = explained_model(run)
    except CannotExplain as error:
        return {"state": "refused", "reason": str(error)}
    return {"state": "ready", "model": model, "examples": example_users(model)} | _user(request, model)


def _user(request: WorkspaceRequest, model: ExplainedModel) -> dict[str, Any]:
    if "user" not in request.GET:
        return {"form": ExplainForm()}
    form = ExplainForm(request.GET)
    if not form.is_valid():
        return {"form": form}
    try:
        found = explain_user(model, form.cleaned_data["user"], form.cleaned_data["item"])
    except Refused as error:
        for problem in error.problems:
            form.add_error(problem.field, problem.message)
        return {"form": form}
    return {"form": form} | _shown(found)


def _shown(found: UserExplanation) -> dict[str, Any]:
    kinds = kinds_of([*found.items, *([found.asked] if found.asked else [])])
    return {
        "found": found,
        "kinds": [(kind, KIND_LABELS[kind], KIND_HELP[kind]) for kind in kinds],
        "has_content": "content" in kinds,
        "bars": item_bars(found.items),
        "asked": item_bars([found.asked])[0] if found.asked else None,
    }
