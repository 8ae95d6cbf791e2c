"""The training page: choose data and architecture, see what the run will be, start it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from experiments.forms.training import (
    PARAMETERS,
    SPLIT_HELP,
    SPLIT_LABELS,
    RunForm,
    initial_for,
    kept_values,
    methods_of,
    parameters_form,
    split_fields_of,
)
from experiments.learning.architectures import AnyArchitecture
from experiments.models import Dataset, Experiment
from experiments.selectors import estimates, mirrors
from experiments.selectors.active_runs import SHOWN, active_runs
from experiments.selectors.training_choices import Choice, choice_of
from experiments.services import launch
from experiments.services.launch_rights import require_rights
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
    choice = choice_of(request.workspace, allowed(request), _asked(request.GET, clone), clone=clone)
    form = RunForm(choice=choice, initial=initial_for(choice, clone) | _register_as(request.GET))
    architecture = choice.architecture(clone.architecture if clone else "")
    like = clone if clone is not None and clone.architecture == architecture.key else None
    parameters = parameters_form(architecture, initial=like.parameters if like else None)
    return _page(request, choice, form, parameters, architecture, clone=clone)


def _launch(request: WorkspaceRequest) -> HttpResponseBase:
    choice = choice_of(request.workspace, allowed(request), request.POST.dict())
    architecture = choice.architecture(request.POST.get("architecture", ""))
    form = RunForm(request.POST, choice=choice)
    parameters = parameters_form(architecture, request.POST)
    if "refresh" in request.POST:
        # Without JavaScript: shows what belongs to the chosen data, recipe and architecture, and starts nothing.
        fresh = parameters_form(architecture, initial=kept_values(request.POST, architecture))
        unbound = RunForm(choice=choice, initial=typed_values(request.POST))
        return _page(request, choice, unbound, fresh, architecture)
    parameters_fit = choice.is_locked or parameters.is_valid()
    spec = form.spec(parameters.values())
    if spec is None or not parameters_fit:
        return _page(request, choice, form, parameters, architecture, status=422)
    try:
        require_rights(request, spec)
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
        status = 429 if isinstance(error, TooMany) else 422
        return _page(request, choice, form, parameters, architecture, status=status)
    toast(request, f"Queued as {run.pk}.", href=f"/experiments/{run.pk}/", link="Open the run")
    return redirect("experiments:experiment", pk=run.pk)


@requires(Action.LAUNCH_TRAINING)
@require_safe
def parts(request: WorkspaceRequest) -> HttpResponseBase:
    """What depends on what is chosen: the dataset's card, recipe, architecture, hyperparameters, split and estimate."""
    if not is_fragment(request):
        return redirect("experiments:training")
    choice = choice_of(request.workspace, allowed(request), request.GET.dict())
    initial = typed_values(request.GET)
    anew = request.GET.get("split_of") != _split_of(choice)
    if anew:
        usual = initial_for(choice)
        initial |= {name: usual[name] for name in ("split_method", "seed" if choice.is_locked else "split_method")}
        initial |= {"recipe": usual["recipe"]}
    architecture = choice.architecture(request.GET.get("architecture", ""))
    form = RunForm(choice=choice, initial=initial | {"architecture": architecture.key})
    parameters = parameters_form(architecture, initial=kept_values(request.GET, architecture))
    context = _context(request, choice, form, parameters, architecture) | {"oob": True}
    return render_page(request, TEMPLATE, context, partial="parts")


@requires(Action.LAUNCH_TRAINING)
@require_safe
def estimate(request: WorkspaceRequest) -> HttpResponseBase:
    """How long a run with these hyperparameters will take."""
    if not is_fragment(request):
        return redirect("experiments:training")
    choice = choice_of(request.workspace, allowed(request), request.GET.dict())
    architecture = choice.architecture(request.GET.get("architecture", ""))
    parameters = parameters_form(architecture, request.GET)
    context = {
        "dataset": choice.dataset,
        "architecture": architecture,
        "estimate": _estimate(request, choice.dataset, architecture, _numbers(parameters.values())),
    }
    return render_page(request, TEMPLATE, context, partial="estimate")


@requires(Action.LAUNCH_TRAINING)
@require_safe
def running(request: WorkspaceRequest) -> HttpResponseBase:
    """What works and waits now, at the side of the form."""
    if not is_fragment(request):
        return redirect("experiments:training")
    runs = active_runs(request.workspace)
    version = version_of(*((run.pk, run.status_label, run.phase, run.progress_done) for run in runs))
    if same := unchanged(request, version):
        return same
    response = render_page(request, TEMPLATE, {"runs": runs[:SHOWN], "runs_count": len(runs)}, partial="running")
    return polled(response, version=version)


def _page(
    request: WorkspaceRequest,
    choice: Choice,
    form: RunForm,
    parameters: Any,
    architecture: AnyArchitecture,
    *,
    clone: Experiment | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _context(request, choice, form, parameters, architecture) | {"clone": clone}
    return render_page(request, TEMPLATE, context, status=status)


def _context(
    request: WorkspaceRequest, choice: Choice, form: RunForm, parameters: Any, architecture: AnyArchitecture
) -> dict[str, Any]:
    shown = parameters.values() if parameters.is_bound else architecture.parameters().model_dump() | parameters.initial
    runs = active_runs(request.workspace)
    method = str(form["split_method"].value() or "")
    of_table = choice.dataset is not None and choice.dataset.is_table
    applying = split_fields_of(method, of_table=of_table)
    return {
        "choice": choice,
        "form": form,
        "parameters": parameters,
        "dataset": choice.dataset,
        "architecture": architecture,
        "architectures": choice.architectures,
        "split_of": _split_of(choice),
        "split_fields": [form[name] for name in applying],
        "split_help": {SPLIT_LABELS[name]: SPLIT_HELP[name] for name in methods_of(choice)},
        "trackers": mirrors.tracker_choices(),
        "estimate": _estimate(request, choice.dataset, architecture, _numbers(shown)),
        "runs": runs[:SHOWN],
        "runs_count": len(runs),
        "allowed": allowed(request),
    }


def _split_of(choice: Choice) -> str:
    """For which choice the split that stands in the form was made."""
    recipe = choice.recipe.pk if choice.recipe else ""
    return f"{choice.dataset.pk if choice.dataset else ''}/{choice.run_type.value}/{recipe}"


def _asked(address: QueryDict, clone: Experiment | None) -> dict[str, Any]:
    """What the address asks for; a run to clone brings its recipe and its kind along."""
    if clone is None:
        return address.dict()
    cloned = {"recipe": clone.recipe_version_id, "run_type": clone.run_type, "evaluates": clone.evaluates_id}
    return cloned | address.dict()


def _register_as(address: QueryDict) -> dict[str, Any]:
    return {"register_as": address["register_as"]} if "register_as" in address else {}


def _numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Typed values as far as the estimate needs them; nonsense counts as not given."""
    try:
        return {"epochs": min(float(values.get("epochs") or 1), 1e6)}
    except (TypeError, ValueError):
        return {}


def _estimate(
    request: WorkspaceRequest, dataset: Dataset | None, architecture: AnyArchitecture, parameters: dict[str, Any]
) -> estimates.Estimate | None:
    if dataset is None:
        return None
    return estimates.estimate(request.workspace, architecture.key, dataset, parameters)


def typed_values(data: QueryDict) -> dict[str, Any]:
    """What stands in the form now, as starting values of a fresh one."""
    typed: dict[str, Any] = {name: data[name] for name in data if not name.startswith(f"{PARAMETERS}-")}
    return typed | {"trackers": data.getlist("trackers")}


def _clone(request: WorkspaceRequest) -> Experiment | None:
    """The run to start from, if one of this workspace is named that was trained here."""
    found = own_run(request, request.GET.get("clone", ""))
    if found is not None and found.is_logged:
        toast(request, f"{found.name} was logged to MLflow. Only runs that were trained here can be cloned.", "error")
        return None
    return found


def _origin(request: WorkspaceRequest, form: RunForm) -> Experiment | None:
    return own_run(request, str(form.cleaned_data.get("cloned_from") or ""))


def own_run(request: WorkspaceRequest, text: str) -> Experiment | None:
    try:
        pk = uuid.UUID(text)
    except ValueError:
        return None
    rows = Experiment.objects.filter(workspace=request.workspace, deleted_at__isnull=True)
    return rows.select_related("dataset").filter(pk=pk).first()
