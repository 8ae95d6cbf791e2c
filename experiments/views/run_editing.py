"""What people write on a run and how they mark it for themselves: name, note, tags, pin, baseline."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from experiments.forms.editing import RunTextForm, TagForm
from experiments.models import Experiment
from experiments.selectors.marks import marks_of
from experiments.services import editing, marks
from experiments.services.labels import MAX_TAGS
from experiments.views.allowed import allowed
from experiments.views.find import find_run
from experiments.views.selected import back_to_list
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/experiment_edit.html"


@requires(Action.EDIT_EXPERIMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Name and note. The same form stands on the run's page; what is refused comes back here as it was typed."""
    run = find_run(request, pk)
    if request.method != "POST":
        return _form_page(request, run)
    form = RunTextForm(request.POST)
    if not form.is_valid():
        return _form_page(request, run, text_form=form, status=422)
    editing.rename(run, form.cleaned_data["name"], request.user)
    editing.write_note(run, form.cleaned_data["note"], request.user)
    toast(request, "Name and note are saved.")
    return redirect("experiments:experiment", pk=pk)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def tag(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    form = TagForm(request.POST)
    if form.is_valid():
        added = editing.add_tags(request.workspace, [run], form.cleaned_data["tags"], request.user)
        if not added.full:
            return redirect("experiments:experiment", pk=pk)
        form.add_error("tags", f"A run holds up to {MAX_TAGS} tags; it has {len(run.tags)}. Remove some first.")
    return _form_page(request, run, tag_form=form, status=422)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def untag(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes off the tag that the pressed button names; one that is gone already is no error."""
    run = find_run(request, pk)
    editing.remove_tags(request.workspace, [run], [request.POST.get("tag", "")], request.user)
    return redirect("experiments:experiment", pk=pk)


@requires(Action.VIEW)
@require_POST
def pin(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    try:
        marks.pin(request.workspace, request.user, [run])
        toast(request, f"{run.name} stays on top of your history.")
    except marks.TooManyPins as error:
        toast(request, str(error), "error")
    return redirect("experiments:experiment", pk=pk)


@requires(Action.VIEW)
@require_POST
def unpin(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    marks.unpin(request.workspace, request.user, [find_run(request, pk)])
    return redirect("experiments:experiment", pk=pk)


@requires(Action.VIEW)
@require_POST
def set_baseline(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    run = find_run(request, pk)
    marks.set_baseline(request.user, run)
    toast(
        request,
        f"Your history shows every run against {run.name}.",
        href=reverse("experiments:experiments"),
        link="Show",
    )
    return redirect("experiments:experiment", pk=pk)


@requires(Action.VIEW)
@require_POST
def clear_baseline(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Ends the comparison against this run; another baseline stays."""
    run = find_run(request, pk)
    marks.clear_baseline(request.user, run)
    return back_to_list(request) if "back" in request.POST else redirect("experiments:experiment", pk=pk)


def labels_of(request: WorkspaceRequest, run: Experiment) -> dict[str, Any]:
    """What the run's page needs to show and change its name, note, tags and marks: one query."""
    return {
        "marks": marks_of(request.workspace, request.user),
        "text_form": RunTextForm.of(run),
        "tag_form": TagForm(),
    }


def _form_page(
    request: WorkspaceRequest,
    run: Experiment,
    *,
    text_form: RunTextForm | None = None,
    tag_form: TagForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "run": run,
        "text_form": text_form or RunTextForm.of(run),
        "tag_form": tag_form or TagForm(),
        "allowed": allowed(request),
    }
    return render_page(request, TEMPLATE, context, status=status)
