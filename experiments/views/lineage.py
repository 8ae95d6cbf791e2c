"""What something was made of and what depends on it, from any side: data, recipe, run or model version."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_safe

from experiments.lineage_drawing import draw
from experiments.models import Dataset, Experiment, ModelVersion, Recipe, RecipeVersion
from experiments.selectors.lineage import lineage_of
from experiments.selectors.lineage_features import features_of
from experiments.selectors.lineage_rows import Start, beginnings
from mlopspro.accounts.access import requires
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page

TEMPLATE = "experiments/models/lineage.html"
KINDS = {"dataset": "Dataset", "recipe": "Recipe", "run": "Run", "version": "Model version"}


@requires(Action.VIEW)
@require_safe
def lineage(request: WorkspaceRequest) -> HttpResponse:
    """``?dataset=``, ``?recipe=`` (a recipe or one of its versions), ``?run=`` or ``?version=``; else a choice."""
    asked = next(((kind, request.GET[kind]) for kind in KINDS if request.GET.get(kind)), None)
    if asked is None:
        return render_page(request, TEMPLATE, _choice(request))
    kind, text = asked
    try:
        pk = uuid.UUID(text)
    except ValueError:
        problem = f"{kind} is “{text[:40]}”, which is no id. Take the link on the page of a {KINDS[kind].lower()}."
        return render_page(request, TEMPLATE, _choice(request) | {"problem": problem}, status=400)
    start = _find(request.workspace, kind, pk)
    return render_page(request, TEMPLATE, {"kind": kind, "start": start} | picture(request.workspace, start))


def picture(workspace: Workspace, start: Start) -> dict[str, Any]:
    """What templates/experiments/models/parts/lineage.html needs."""
    found = lineage_of(workspace, start)
    return {
        "lineage": found,
        "drawing": draw(found),
        "features": features_of(found.runs, found.versions),
    }


def _choice(request: WorkspaceRequest) -> dict[str, Any]:
    return {"lineage": None, "beginnings": beginnings(request.workspace)}


def _find(workspace: Workspace, kind: str, pk: uuid.UUID) -> Start:
    """Raises Http404 where there is none in this workspace."""
    found: Start | None = None
    if kind == "dataset":
        found = Dataset.objects.filter(workspace=workspace, pk=pk).first()
    elif kind == "run":
        found = Experiment.objects.filter(workspace=workspace, pk=pk).first()
    elif kind == "version":
        found = ModelVersion.objects.filter(model__workspace=workspace, pk=pk).select_related("model").first()
    else:
        found = Recipe.objects.filter(workspace=workspace, pk=pk).first()
        versions = RecipeVersion.objects.filter(recipe__workspace=workspace, pk=pk)
        found = found or versions.select_related("recipe").first()
    if found is None:
        raise Http404(f"No {KINDS[kind].lower()} of this id.")
    return found
