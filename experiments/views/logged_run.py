"""The tabs of a run that somebody logged straight to MLflow: what is there to read, and nothing that cannot work."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator

from experiments.logged_charts import CHARTS_PER_PAGE, logged_curves
from experiments.models import Experiment
from experiments.selectors import experiments as runs
from experiments.selectors import logged
from mlopspro.core.http import WorkspaceRequest

TILES = 6
TABS = [
    {"key": "overview", "label": "Overview", "icon": "layout-dashboard"},
    {"key": "metrics", "label": "Metrics", "icon": "gauge"},
    {"key": "curves", "label": "Curves", "icon": "chart-line"},
    {"key": "artifacts", "label": "Artifacts", "icon": "package"},
]


def overview(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    figures = logged.figures_of(run)
    known = getattr(run, "logged", None)
    shown = [row for row in figures if row.value is not None and not row.name.startswith("system/")][:TILES]
    return {
        "figures": shown,
        "more_figures": len(figures) - len(shown),
        "parameters": sorted(run.parameters.items()),
        "parent": logged.parent_of(run),
        "tags_there": sorted(known.tags.items()) if known else [],
        "trouble": logged.trouble_with_mlflow(),
    }


def metrics(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    return {"figures": logged.figures_of(run)}


def curves(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    """One page of charts, as ``page`` in the address says; with it the whole number of epochs for its version."""
    epochs = runs.epochs_of(run)
    names = logged.curve_names(epochs)
    page = Paginator(names, CHARTS_PER_PAGE).get_page(request.GET.get("page", "1"))
    charts, fewer = logged_curves(epochs, list(page))
    return {"epochs": epochs, "page": page, "charts": charts, "fewer_points": fewer}


def artifacts(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    return {"files": logged.files_of(run)}


PANELS = {"overview": overview, "metrics": metrics, "curves": curves, "artifacts": artifacts}
