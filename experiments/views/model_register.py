"""A completed run becomes a version: of which model, with which number."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from experiments.forms.models import NEW, RegisterForm
from experiments.models import Experiment, RegisteredModel
from experiments.models.job import JobStateError
from experiments.selectors import metrics, tiles
from experiments.selectors.registering import Parts, candidates, models_for, parts_of, versions_of, why_not
from experiments.services import registry
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from experiments.views.find import find_run
from experiments.views.find_models import find_model
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/models/register.html"


@requires(Action.VIEW, change=Action.REGISTER_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: WorkspaceRequest) -> HttpResponse:
    """``?run=`` is registered, ``?model=`` is what it joins; without a run the page offers those that can be."""
    given = request.POST if request.method == "POST" else request.GET
    model, run = _asked_model(request, given.get("model", "")), _asked_run(request, given.get("run", ""))
    if run is None:
        return _choice(request, model, given.get("run", ""))
    models = models_for(run)
    chosen = next((one for one in models if model is not None and one.pk == model.pk), None)
    if chosen is None and given.get("model") != NEW:
        chosen = models[0] if models else None
    reasons = why_not(run, None)
    parts = parts_of(chosen, run) if chosen and not reasons else None
    form = _form(request, run, models, chosen, parts)
    if form.is_bound and not reasons and form.is_valid():
        try:
            version = registry.register(run, actor=request.user, **form.asked)
        except Refused as error:
            form.refuse(error.problems)
        except JobStateError as error:
            form.add_error(None, str(error))
        else:
            toast(request, f"{version.model.name} {version.number} is registered, in development.")
            return redirect("experiments:model_version", pk=version.model_id, version=version.pk)
    context = {
        "run": run,
        "form": form,
        "chosen": chosen,
        "parts": parts,
        "reasons": reasons,
        "model_reasons": [] if reasons or chosen is None else why_not(run, chosen),
        "made": versions_of(run),
        "tiles": tiles.headline(metrics.overall_metrics(run)),
        "protocols": metrics.protocols_of(run),
        "allowed": allowed(request),
    }
    status = 422 if form.is_bound and (form.errors or reasons) else 200
    return render_page(request, TEMPLATE, context, partial="form", status=status)


def _form(
    request: WorkspaceRequest,
    run: Experiment,
    models: list[RegisteredModel],
    chosen: RegisteredModel | None,
    parts: Parts | None,
) -> RegisterForm:
    """Bound where it is posted to be registered; a change of the model alone only shows other numbers."""
    posted = request.method == "POST" and "choose" not in request.POST
    recipe = run.recipe_version.recipe.name if run.recipe_version else ""
    initial = {
        "model": str(chosen.pk) if chosen else NEW,
        "model_name": request.GET.get("model_name", "")[:200] or recipe,
        "part": parts.proposal.part if parts else "",
        "notes": request.GET.get("notes", "")[:10_000],
    }
    return RegisterForm(request.POST if posted else None, run=run, models=models, parts=parts, initial=initial)


def _choice(request: WorkspaceRequest, model: RegisteredModel | None, asked: str) -> HttpResponse:
    context = {
        "run": None,
        "model": model,
        "asked": asked[:40],
        "candidates": candidates(request.workspace, model),
        "allowed": allowed(request),
    }
    return render_page(request, TEMPLATE, context, status=400 if asked else 200)


def _asked_run(request: WorkspaceRequest, text: str) -> Experiment | None:
    """None where no run, or no id, is given; 404 for a run that is not here."""
    pk = _id(text)
    if pk is None:
        return None
    found = find_run(request, pk)
    return Experiment.objects.select_related("workspace", "dataset", "created_by", "recipe_version__recipe").get(
        pk=found.pk
    )


def _asked_model(request: WorkspaceRequest, text: str) -> RegisteredModel | None:
    pk = _id(text)
    return find_model(request, pk) if pk else None


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
