"""The page of one run, and the parts of it that refresh by themselves."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from experiments import charts, run_table_charts
from experiments.learning.families import Family
from experiments.metric_words import SEGMENT_HELP
from experiments.models import Experiment
from experiments.selectors import custom_metrics, files, logs, metrics, run_origin, tiles, verdict
from experiments.selectors import experiments as runs
from experiments.selectors import mirrors as mirror_rows
from experiments.selectors.settings_of import settings_of, timings_of
from experiments.services.command_line import command_line
from experiments.views import logged_run
from experiments.views.allowed import allowed
from experiments.views.explain import explain_panel
from experiments.views.find import find_run
from experiments.views.run_editing import labels_of
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.charts import Chart
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of

TEMPLATE = "experiments/experiment.html"


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    return render_page(request, TEMPLATE, _head(request, run) | labels_of(request, run) | _panel(request, run))


@requires(Action.VIEW)
@require_safe
def status(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """The head of the page while a run is active. When its state changes, buttons and the open tab come along."""
    run = find_run(request, pk)
    if not is_fragment(request):
        return redirect("experiments:experiment", pk=pk)
    head = _head(request, run)
    eta = int(run.eta.total_seconds()) if run.eta else None
    version = version_of(
        head["seen"],
        run.status_label,
        run.phase,
        run.progress_done,
        run.progress_total,
        head["position"],
        eta,
        run.name,
    )
    if same := unchanged(request, version):
        return same
    if request.GET.get("seen") == head["seen"]:
        response = render_page(request, TEMPLATE, head, partial="status")
    else:
        context = head | _panel(request, run) | {"oob": True}
        response = render_page(request, TEMPLATE, context, partial="changed")
    return polled(response, version=version, done=run.is_terminal)


@requires(Action.VIEW)
@require_safe
def curves(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    run = find_run(request, pk)
    if not is_fragment(request):
        return _to_tab(run, "curves")
    found = panels_of(run)["curves"](request, run)
    version = version_of(run.status, len(found["epochs"]), run.best_epoch)
    if same := unchanged(request, version):
        return same
    context = {"run": run} | found
    return polled(render_page(request, TEMPLATE, context, partial="curves"), version=version, done=run.is_terminal)


@requires(Action.VIEW)
@require_safe
def log_lines(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Lines written after line ``after``, to be put below those that are shown."""
    run = find_run(request, pk)
    if not is_fragment(request):
        return _to_tab(run, "log")
    after = request.GET.get("after", "0")
    lines = logs.after(run, int(after) if after.isdecimal() and len(after) < 19 else 0)
    context = {"run": run, "lines": lines, "last_line": lines[-1].pk if lines else after}
    response = render_page(request, TEMPLATE, context, partial="log_more")
    return polled(response, done=run.is_terminal and not lines)


@requires(Action.VIEW)
@require_safe
def mirrors(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    run = find_run(request, pk)
    if not is_fragment(request):
        return _to_tab(run, "trackers")
    context: dict[str, Any] = {"run": run, "allowed": allowed(request)} | _trackers(request, run)
    version = version_of(run.status, *((m.run.state, m.waiting, m.reason, m.run.url) for m in context["mirrors"]))
    if same := unchanged(request, version):
        return same
    response = render_page(request, TEMPLATE, context, partial="mirrors")
    return polled(response, version=version, done=context["settled"])


def _to_tab(run: Experiment, tab: str) -> HttpResponse:
    return redirect(reverse("experiments:experiment", args=[run.pk]) + f"?tab={tab}")


def _head(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    """What stands above the tabs. ``seen`` names the state that the buttons and the open tab belong to."""
    return {
        "run": run,
        "position": run.queue_position(),
        "seen": f"{run.status}-{run.attempt}-{int(run.is_stopping)}",
        "tab": _tab(request, run),
        "allowed": allowed(request),
    }


def _tab(request: WorkspaceRequest, run: Experiment) -> str:
    asked = request.GET.get("tab", "overview")
    return asked if asked in panels_of(run) else "overview"


def _panel(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    tab = _tab(request, run)
    folder = "experiments/tabs/logged" if run.is_logged else "experiments/tabs"
    tabs = logged_run.TABS if run.is_logged else TABS
    return {"tabs": tabs, "panel": f"{folder}/{tab}.html"} | panels_of(run)[tab](request, run)


def _overview(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    values = metrics.overall_metrics(run)
    return {
        "tiles": tiles.headline(values),
        "verdicts": verdict.verdicts(values, run.architecture),
        "origin": run_origin.origin_of(run, values),
        "protocols": metrics.protocols_of(run),
        "command": command_line(run),
        "settings": settings_of(run),
        "timings": timings_of(run),
        "clones": runs.clones_of(run),
    }


def _metrics(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    groups = metrics.metric_groups(run)
    values = [row.metric for group in groups for row in group.overall]
    return {
        "groups": groups,
        "warning": verdict.loses_to_popularity(values) if run.architecture != "popularity" else None,
        "by_k": {group.protocol: _by_k(group) for group in groups if group.has_ks},
        "segment_help": SEGMENT_HELP,
        "custom": custom_metrics.of_run(run),
        "allowed": allowed(request),
    }


def _by_k(group: metrics.MetricGroup) -> Chart:
    return charts.by_k([row.metric for row in group.overall], group.protocol)


def _curves(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    epochs = runs.epochs_of(run)
    return {"epochs": epochs, "charts": charts.learning_curves(epochs, run.best_epoch)}


def _diagnostics(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    found = metrics.evaluation_of(run)
    if found is None:
        return {"evaluation": None}
    if Family(run.family).is_tabular:
        return {"evaluation": found, "matrices": [], "charts": run_table_charts.charts_of(run.family, found.details)}
    plots: list[Chart] = [charts.roc(found.roc), charts.precision_recall(found.precision_recall)]
    if found.calibration:
        plots.append(charts.calibration(found.calibration))
    return {"evaluation": found, "matrices": metrics.confusion_matrices(found), "charts": plots}


def _artifacts(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    found = list(run.artifacts.all())
    return {"artifacts": [(artifact, files.can_preview(artifact)) for artifact in found]}


def _log(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    search = request.GET.get("q", "").strip()
    lines, more = logs.tail(run, search)
    return {"lines": lines, "older": more, "search": search, "last_line": lines[-1].pk if lines else 0}


def _trackers(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    found = mirror_rows.mirrors_of(run)
    return {"mirrors": found, "settled": run.is_terminal and all(mirror.is_settled for mirror in found)}


Panel = Callable[[WorkspaceRequest, Experiment], dict[str, Any]]
PANELS: dict[str, Panel] = {
    "overview": _overview,
    "metrics": _metrics,
    "curves": _curves,
    "diagnostics": _diagnostics,
    "explain": explain_panel,
    "artifacts": _artifacts,
    "log": _log,
    "trackers": _trackers,
}


def panels_of(run: Experiment) -> Mapping[str, Panel]:
    """The tabs of this run by name; one that was logged elsewhere has fewer, and its own."""
    return logged_run.PANELS if run.is_logged else PANELS


TABS = [
    {"key": "overview", "label": "Overview", "icon": "layout-dashboard"},
    {"key": "metrics", "label": "Metrics", "icon": "gauge"},
    {"key": "curves", "label": "Curves", "icon": "chart-line"},
    {"key": "diagnostics", "label": "Diagnostics", "icon": "stethoscope"},
    {"key": "explain", "label": "Explain", "icon": "lightbulb"},
    {"key": "artifacts", "label": "Artifacts", "icon": "package"},
    {"key": "log", "label": "Log", "icon": "scroll-text"},
    {"key": "trackers", "label": "Trackers", "icon": "cloud"},
]
