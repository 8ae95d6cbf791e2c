"""The training page: choose data and architecture, see what the run will be, start it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from experiments.forms.training import (
    DEFAULT_ARCHITECTURE,
    PARAMETERS,
    SPLIT_HELP,
    RunForm,
    initial_for,
    kept_values,
    parameters_form,
)
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Dataset, Experiment
from experiments.selectors import datasets as dataset_rows
from experiments.selectors import estimates, home, mirrors
from experiments.services import launch
from experiments.services.spec import Refused, TooMany
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/training.html"


@requires(Action.LAUNCH_TRAINING)
@require_http_methods(["GET", "HEAD", "POST"])
def training(request: WorkspaceRequest) -> HttpResponseBase:
    if request.method == "POST":
        return _launch(request)
    clone = _clone(request)
    datasets = dataset_rows.choices(
        request.workspace, clone.dataset if clone and not clone.trained_on.deleted_at else None
    )
    dataset = _chosen(datasets, str(clone.dataset_id) if clone else request.GET.get("dataset", ""))
    form = RunForm(datasets=datasets, initial=initial_for(dataset, clone))
    architecture = ARCHITECTURES.get(clone.architecture if clone else DEFAULT_ARCHITECTURE) or _first()
    parameters = parameters_form(architecture, initial=clone.parameters if clone else None)
    return _page(request, form, parameters, dataset, architecture, clone=clone)


def _launch(request: WorkspaceRequest) -> HttpResponseBase:
    datasets = dataset_rows.choices(request.workspace)
    dataset = _chosen(datasets, request.POST.get("dataset", ""))
    architecture = ARCHITECTURES.get(request.POST.get("architecture", "")) or _first()
    form = RunForm(request.POST, datasets=datasets)
    parameters = parameters_form(architecture, request.POST)
    if "refresh" in request.POST:
        # Without JavaScript: shows what belongs to the chosen dataset and architecture, and starts nothing.
        fresh = parameters_form(architecture, initial=kept_values(request.POST, architecture))
        unbound = RunForm(datasets=datasets, initial=_typed(request.POST))
        return _page(request, unbound, fresh, dataset, architecture)
    parameters_fit = parameters.is_valid()
    spec = form.spec(parameters.values())
    if spec is None or not parameters_fit:
        return _page(request, form, parameters, dataset, architecture, status=422)
    try:
        run = launch.launch(
            workspace=request.workspace,
            actor=request.user,
            spec=spec,
            through="page",
            idempotency_key=form.cleaned_data["idempotency_key"],
            cloned_from=_origin(request, form),
        )
    except Refused as error:
        form.refuse(error.problems)
        return _page(
            request, form, parameters, dataset, architecture, status=429 if isinstance(error, TooMany) else 422
        )
    toast(request, f"Queued as {run.pk}.", href=f"/experiments/{run.pk}/", link="Open the run")
    return redirect("experiments:experiment", pk=run.pk)


@requires(Action.LAUNCH_TRAINING)
@require_safe
def parts(request: WorkspaceRequest) -> HttpResponseBase:
    """What depends on the chosen dataset and architecture: its card, the hyperparameters, split and estimate."""
    if not is_fragment(request):
        return redirect("experiments:training")
    datasets = dataset_rows.choices(request.workspace)
    dataset = _chosen(datasets, request.GET.get("dataset", ""))
    architecture = ARCHITECTURES.get(request.GET.get("architecture", "")) or _first()
    initial = _typed(request.GET)
    if request.GET.get("split_of") != (str(dataset.pk) if dataset else ""):
        initial |= {"split_method": initial_for(dataset)["split_method"]}
    form = RunForm(datasets=datasets, initial=initial)
    parameters = parameters_form(architecture, initial=kept_values(request.GET, architecture))
    context = _context(request, form, parameters, dataset, architecture) | {"oob": True}
    return render_page(request, TEMPLATE, context, partial="parts")


@requires(Action.LAUNCH_TRAINING)
@require_safe
def estimate(request: WorkspaceRequest) -> HttpResponseBase:
    """How long a run with these hyperparameters will take."""
    if not is_fragment(request):
        return redirect("experiments:training")
    dataset = _chosen(dataset_rows.choices(request.workspace), request.GET.get("dataset", ""))
    architecture = ARCHITECTURES.get(request.GET.get("architecture", "")) or _first()
    parameters = parameters_form(architecture, request.GET)
    context = {
        "dataset": dataset,
        "architecture": architecture,
        "estimate": _estimate(request, dataset, architecture, _numbers(parameters.values())),
    }
    return render_page(request, TEMPLATE, context, partial="estimate")


@requires(Action.LAUNCH_TRAINING)
@require_safe
def running(request: WorkspaceRequest) -> HttpResponseBase:
    """What works and waits now, at the side of the form."""
    if not is_fragment(request):
        return redirect("experiments:training")
    runs = home.active_runs(request.workspace)
    version = version_of(*((run.pk, run.status_label, run.phase, run.progress_done) for run in runs))
    if same := unchanged(request, version):
        return same
    response = render_page(request, TEMPLATE, {"runs": runs[: home.SHOWN], "runs_count": len(runs)}, partial="running")
    return polled(response, version=version)


def _page(
    request: WorkspaceRequest,
    form: RunForm,
    parameters: Any,
    dataset: Dataset | None,
    architecture: Architecture,
    *,
    clone: Experiment | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, form, parameters, dataset, architecture) | {"clone": clone}
    return render_page(request, TEMPLATE, context, status=status)


def _context(
    request: WorkspaceRequest, form: RunForm, parameters: Any, dataset: Dataset | None, architecture: Architecture
) -> dict[str, Any]:
    shown = parameters.values() if parameters.is_bound else architecture.parameters().model_dump() | parameters.initial
    runs = home.active_runs(request.workspace)
    return {
        "form": form,
        "parameters": parameters,
        "dataset": dataset,
        "architecture": architecture,
        "architectures": list(ARCHITECTURES.values()),
        "split_help": SPLIT_HELP,
        "trackers": mirrors.tracker_choices(),
        "estimate": _estimate(request, dataset, architecture, _numbers(shown)),
        "runs": runs[: home.SHOWN],
        "runs_count": len(runs),
        "allowed": allowed(request),
    }


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Typed values as far as the estimate needs them; nonsense counts as not given."""
    try:
        return {"epochs": min(float(values.get("epochs") or 1), 1e6)}
    except (TypeError, ValueError):
        return {}


def _estimate(
    request: WorkspaceRequest, dataset: Dataset | None, architecture: Architecture, parameters: dict[str, Any]
) -> estimates.Estimate | None:
    if dataset is None:
        return None
    return estimates.estimate(request.workspace, architecture.key, dataset, parameters)


def _typed(data: QueryDict) -> dict[str, Any]:
    """What stands in the form now, as starting values of a fresh one."""
    typed: dict[str, Any] = {name: data[name] for name in data if not name.startswith(f"{PARAMETERS}-")}
    return typed | {"trackers": data.getlist("trackers")}


def _chosen(datasets: list[Dataset], asked: str) -> Dataset | None:
    """The dataset asked for; the newest where none was asked for; None where there is none."""
    if not asked:
        return datasets[0] if datasets else None
    return next((row for row in datasets if str(row.pk) == asked), None)


def _first() -> Architecture:
    return ARCHITECTURES.get(DEFAULT_ARCHITECTURE) or next(iter(ARCHITECTURES.values()))


def _clone(request: WorkspaceRequest) -> Experiment | None:
    """The run to start from, if one of this workspace is named that was trained here."""
    found = _own_run(request, request.GET.get("clone", ""))
    if found is not None and found.is_logged:
        toast(request, f"{found.name} was logged to MLflow. Only runs that were trained here can be cloned.", "error")
        return None
    return found


def _origin(request: WorkspaceRequest, form: RunForm) -> Experiment | None:
    return _own_run(request, str(form.cleaned_data.get("cloned_from") or ""))


def _own_run(request: WorkspaceRequest, text: str) -> Experiment | None:
    try:
        pk = uuid.UUID(text)
    except ValueError:
        return None
    rows = Experiment.objects.filter(workspace=request.workspace, deleted_at__isnull=True)
    return rows.select_related("dataset").filter(pk=pk).first()
