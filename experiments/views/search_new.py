"""A new search: choose data and architecture, which hyperparameters are searched and where, and start it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from experiments.forms.pydantic_fields import ModelBackedForm
from experiments.forms.searches import CHOSEN, SearchForm, SpaceRow, space_rows
from experiments.forms.training import RunForm, initial_for, kept_values, parameters_form, split_fields_of
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.search.measures import measures_for
from experiments.models import Experiment
from experiments.selectors.training_choices import Choice, choice_of
from experiments.services import searches
from experiments.services.search_request import SearchRequest
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from experiments.views.training import own_run, typed_values
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, render_page
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/searches/new.html"


@requires(Action.LAUNCH_TRAINING)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: WorkspaceRequest) -> HttpResponseBase:
    """``refresh`` shows what belongs to the choice, and is how the training page leads here with what was typed."""
    if request.method == "POST" and "refresh" not in request.POST:
        return _begin(request)
    typed = request.POST if request.method == "POST" else request.GET
    like = own_run(request, str(typed.get("clone", "")))
    choice = _choice(request, typed, like)
    architecture = choice.architecture(str(typed.get("architecture", "")) or (like.architecture if like else ""))
    initial = initial_for(choice, like) | typed_values(typed) | {"architecture": architecture.key}
    if choice.dataset is not None:
        initial["dataset"] = str(choice.dataset.pk)
    run_form = RunForm(choice=choice, initial=initial)
    same = str(typed.get("parameters_of", architecture.key)) == architecture.key
    values = like.parameters if like is not None and like.architecture == architecture.key else {}
    parameters = parameters_form(architecture, initial=values | kept_values(typed, architecture))
    rows = space_rows(architecture, parameters, typed if same and "space_shown" in typed else None)
    return _page(request, choice, run_form, parameters, rows, architecture, typed=typed)


def _begin(request: WorkspaceRequest) -> HttpResponse:
    choice = _choice(request, request.POST, None)
    architecture = choice.architecture(request.POST.get("architecture", ""))
    run_form = RunForm(request.POST, choice=choice)
    parameters = parameters_form(architecture, request.POST)
    rows = space_rows(architecture, parameters, request.POST)
    form = _form(choice, architecture, parameters.values(), request.POST)
    form.full_clean()
    fits = parameters.is_valid()
    asked = form.request(run_form, parameters, rows)
    if not isinstance(asked, SearchRequest):
        form.refuse(asked, run_form, rows)
    elif fits and form.is_valid():
        try:
            search = searches.create_search(
                workspace=request.workspace, actor=request.user, request=asked, through="page"
            )
        except Refused as error:
            form.refuse(error.problems, run_form, rows)
        else:
            toast(request, f"{search.name} has begun.")
            return redirect("experiments:search", pk=search.pk)
    return _page(request, choice, run_form, parameters, rows, architecture, form=form, status=422)


def _choice(request: WorkspaceRequest, typed: Mapping[str, Any], like: Experiment | None) -> Choice:
    """Data and architectures; a search trains, without a recipe."""
    asked = {"dataset": typed.get("dataset", "")}
    return choice_of(request.workspace, allowed(request), asked, clone=like)


def _form(
    choice: Choice,
    architecture: AnyArchitecture,
    values: dict[str, Any],
    data: Mapping[str, Any] | None,
    **options: Any,
) -> SearchForm:
    feedback = choice.dataset.feedback if choice.dataset else "explicit"
    measures = measures_for(architecture, feedback, values)
    return SearchForm(data, measures=measures, architecture=architecture, **options)


def _page(
    request: WorkspaceRequest,
    choice: Choice,
    run_form: RunForm,
    parameters: ModelBackedForm,
    rows: list[SpaceRow],
    architecture: AnyArchitecture,
    *,
    form: SearchForm | None = None,
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    given = {name: typed[name] for name in ("search_name", *CHOSEN) if name in typed} if typed else {}
    shown = parameters.values() if parameters.is_bound else dict(parameters.initial)
    method = str(run_form["split_method"].value() or "")
    of_table = choice.dataset is not None and choice.dataset.is_table
    context = {
        "choice": choice,
        "dataset": choice.dataset,
        "architecture": architecture,
        "run_form": run_form,
        "form": form or _form(choice, architecture, shown, None, initial=given),
        "parameters": parameters,
        "rows": rows,
        "errors": sum(len(row.errors) for row in rows),
        "split_fields": [run_form[name] for name in split_fields_of(method, of_table=of_table)],
        "allowed": allowed(request),
    }
    partial = "asked" if is_fragment(request) and status == 200 else None
    return render_page(request, TEMPLATE, context, partial=partial, status=status)
