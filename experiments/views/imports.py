"""From files to a dataset: upload, review, confirm, watch."""

from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from experiments.forms.import_tables import TableReviewForm
from experiments.forms.imports import ReviewForm, UploadForm
from experiments.forms.training import sentence
from experiments.jobs import lifecycle
from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.models import DatasetImport
from experiments.models.job import JobStateError
from experiments.services import importing, tables
from experiments.services.spec import Problem, Refused
from experiments.views.allowed import allowed
from experiments.views.find import find_import
from experiments.views.reviewing import can_review, look_at
from experiments.views.reviewing_tables import family_of
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast

UPLOAD = "experiments/import_upload.html"
DETAIL = "experiments/import_detail.html"


@requires(Action.IMPORT_DATASET)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: WorkspaceRequest) -> HttpResponseBase:
    """Takes the files and looks at them; nothing becomes a dataset before it was reviewed."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        uploads = [
            importing.Upload(role, PurePath(file.name or role).name, file.chunks())
            for role, file in form.files_by_role().items()
        ]
        try:
            draft = importing.stage(
                workspace=request.workspace,
                actor=request.user,
                uploads=uploads,
                name=form.cleaned_data["name"],
                family=form.cleaned_data["family"],
            )
            return _go(request, "experiments:import", draft.pk)
        except Refused as error:
            _refuse(form, error.problems)
    status = 422 if form.is_bound else 200
    return render_page(request, UPLOAD, {"form": form}, partial="form", status=status)


@requires(Action.IMPORT_DATASET)
@require_POST
def synthetic(request: WorkspaceRequest) -> HttpResponse:
    """Queues the making of the documented sample data of a family."""
    family = request.POST.get("family") or Family.RECOMMENDATION.value
    try:
        if family == Family.RECOMMENDATION:
            job = importing.import_synthetic(workspace=request.workspace, actor=request.user)
        else:
            job = tables.import_synthetic_table(workspace=request.workspace, actor=request.user, family=family)
    except Refused as error:
        toast(request, " ".join(sentence(problem.message) for problem in error.problems), "error")
        return redirect("experiments:datasets")
    return redirect("experiments:import", pk=job.pk)


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """The review of a draft, or how far its import is; a finished one leads to its dataset."""
    job = find_import(request, pk)
    if job.dataset_id is not None:
        return redirect("experiments:dataset", pk=job.dataset_id)
    return _page(request, job)


@requires(Action.IMPORT_DATASET)
@require_POST
def preview(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The files as they would be read with the values chosen so far; changes nothing."""
    job = find_import(request, pk)
    if not can_review(job):
        return redirect("experiments:import", pk=pk)
    return _page(request, job, request.POST)


@requires(Action.IMPORT_DATASET)
@require_POST
def confirm(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    job = find_import(request, pk)
    if not can_review(job):
        return redirect("experiments:import", pk=pk)
    try:
        review = look_at(job, request.POST, bound=True)
    except (DatasetError, OSError) as error:
        toast(request, f"The files cannot be read any more: {error}", "error")
        return redirect("experiments:import", pk=pk)
    if review.is_valid():
        try:
            importing.confirm(
                job,
                options=review.options(),
                actor=request.user,
                name=review.form.cleaned_data["name"],
                format_key=review.format_key,
            )
            return redirect("experiments:import", pk=pk)
        except Refused as error:
            _refuse(review.form, error.problems)
    return render_page(request, DETAIL, _context(request, job) | {"review": review}, status=422)


@requires(Action.VIEW)
@require_safe
def status(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """How far the import is, while it is; at its end the page moves on by itself."""
    job = find_import(request, pk)
    if job.dataset_id is not None:
        return _go(request, "experiments:dataset", job.dataset_id)
    if not is_fragment(request) or not job.is_active:
        return _go(request, "experiments:import", pk)
    version = version_of(job.status_label, job.phase, job.progress_done, job.queue_position())
    if same := unchanged(request, version):
        return same
    return polled(render_page(request, DETAIL, _context(request, job), partial="status"), version=version)


@requires(Action.IMPORT_DATASET)
@require_POST
def stop(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    job = find_import(request, pk)
    lifecycle.request_stop(job, request.user)
    return redirect("experiments:import", pk=pk)


@requires(Action.IMPORT_DATASET)
@require_POST
def discard(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Removes the staged files; what became a dataset stays."""
    job = find_import(request, pk)
    try:
        importing.discard(job, request.user)
        toast(request, f"The upload {job.name} is discarded.", "info")
    except JobStateError as error:
        toast(request, str(error), "error")
        return redirect("experiments:import", pk=pk)
    return redirect("experiments:datasets")


def _page(request: WorkspaceRequest, job: DatasetImport, data: Any = None) -> HttpResponse:
    context = _context(request, job)
    if can_review(job):
        try:
            context["review"] = look_at(job, data)
        except (DatasetError, OSError, Refused) as error:
            context["unreadable"] = str(error)
            if family_of(job, data).is_tabular:
                context["as_interactions"] = True
    return render_page(request, DETAIL, context, partial="review")


def _context(request: WorkspaceRequest, job: DatasetImport) -> dict[str, Any]:
    return {"job": job, "position": job.queue_position(), "allowed": allowed(request)}


def _refuse(form: UploadForm | ReviewForm | TableReviewForm, problems: list[Problem]) -> None:
    for problem in problems:
        name = problem.field.split(".")[-1]
        form.add_error(name if name in form.fields else None, sentence(problem.message))


def _go(request: WorkspaceRequest, view: str, pk: uuid.UUID) -> HttpResponseBase:
    """Moves the whole page, also when htmx asked."""
    return HttpResponseClientRedirect(reverse(view, args=[pk])) if is_fragment(request) else redirect(view, pk=pk)
