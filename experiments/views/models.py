"""Models: the list, a new one, its words, archiving and bringing back."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from experiments.forms.models import ModelForm, people_of
from experiments.learning.families import Family
from experiments.models import RegisteredModel
from experiments.models.job import JobStateError
from experiments.selectors import model_list as rows
from experiments.selectors.registering import recipes_for_models
from experiments.services import registry
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from experiments.views.find_models import find_model
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

LIST = "experiments/models/models.html"
FORM = "experiments/models/model_form.html"


@requires(Action.VIEW)
@require_safe
def model_list(request: WorkspaceRequest) -> HttpResponse:
    wanted = rows.ModelFilter.of(request.GET)
    context = {
        "page": rows.page_of(request.workspace, wanted, request.user, request.GET.get("page", "1")),
        "wanted": wanted,
        "chips": _chips(request, wanted),
        "families": [(family.value, family.label) for family in Family],
        "owners": rows.owners(request.workspace),
        "live_choices": rows.LIVE.items(),
        "allowed": allowed(request),
    }
    return render_page(request, LIST, context, partial="rows")


def _chips(request: WorkspaceRequest, wanted: rows.ModelFilter) -> list[dict[str, str]]:
    names = {"me": "me", "nobody": "nobody"} | dict(rows.owners(request.workspace) if wanted.owner else [])
    words = {
        "q": f"“{wanted.q}”",
        "family": Family(wanted.family).label if wanted.family else "",
        "live": rows.LIVE.get(wanted.live, ""),
        "owner": f"owned by {names.get(wanted.owner, 'somebody else')}",
        "tag": f"tagged {wanted.tag}",
    }
    return [{"label": text, "remove": wanted.without(name)} for name, text in words.items() if getattr(wanted, name)]


@requires(Action.REGISTER_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: WorkspaceRequest) -> HttpResponse:
    given: Any = request.POST if request.method == "POST" else None
    form = ModelForm(given, people=people_of(request.workspace), recipes=recipes_for_models(request.workspace),
                     initial={"owner": str(request.user.pk)})  # fmt: skip
    if given is None or not form.is_valid():
        return _form(request, form)
    try:
        model = registry.create_model(workspace=request.workspace, actor=request.user, **form.asked)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form)
    toast(request, f"{model.name} is there. It has no version yet: register a run.")
    return redirect("experiments:model", pk=model.pk)


@requires(Action.REGISTER_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    model = find_model(request, pk)
    given: Any = request.POST if request.method == "POST" else None
    people = people_of(request.workspace)
    if model.owner and model.owner not in people:
        people.append(model.owner)
    form = ModelForm(given, people=people, model=model)
    if given is None or not form.is_valid():
        return _form(request, form, model)
    try:
        changed = registry.edit_model(model, actor=request.user, changes=form.changes)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form, model)
    except JobStateError as error:
        form.add_error(None, str(error))
        return _form(request, form, model)
    toast(request, f"{changed.name} is saved.")
    return redirect("experiments:model", pk=pk)


@requires(Action.REGISTER_MODEL)
@require_POST
def archive(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Archives a model, or with ``restore`` brings it back."""
    model = find_model(request, pk)
    try:
        if "restore" in request.POST:
            registry.restore_model(model, actor=request.user)
            toast(request, f"{model.name} is back.")
            return redirect("experiments:model", pk=pk)
        registry.archive_model(model, actor=request.user)
    except (Refused, JobStateError) as error:
        toast(request, _words(error), "error")
        return redirect("experiments:model", pk=pk)
    archived = reverse("experiments:models") + "?archived=1"
    toast(request, f"{model.name} is archived. It can be brought back.", "info", href=archived, link="Show archived")
    return redirect("experiments:models")


def _words(error: Exception) -> str:
    return error.problems[0].message if isinstance(error, Refused) else str(error)


def _form(request: WorkspaceRequest, form: ModelForm, model: RegisteredModel | None = None) -> HttpResponse:
    status = 422 if form.is_bound and form.errors else 200
    return render_page(request, FORM, {"form": form, "model": model, "allowed": allowed(request)}, status=status)
