"""Files of a run: downloads that a browser never opens as a page, previews of short texts, and the whole log."""

from __future__ import annotations

import uuid

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from experiments.models import Artifact
from experiments.selectors import files, logs
from experiments.views.find import find_run
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page


@requires(Action.VIEW)
@require_safe
def download(request: WorkspaceRequest, pk: uuid.UUID, artifact: int) -> HttpResponseBase:
    """As an attachment of no known type, in a sandbox: what a run wrote is data and never a page of ours."""
    found = get_object_or_404(Artifact, pk=artifact, experiment=find_run(request, pk))
    try:
        path = files.file_of(found)
    except files.FileMissing as error:
        raise Http404(str(error)) from error
    response = FileResponse(path.open("rb"), as_attachment=True, filename=found.name)
    return as_data(response)


@requires(Action.VIEW)
@require_safe
def preview(request: WorkspaceRequest, pk: uuid.UUID, artifact: int) -> HttpResponse:
    run = find_run(request, pk)
    found = get_object_or_404(Artifact, pk=artifact, experiment=run)
    if not files.can_preview(found):
        raise Http404
    try:
        text = files.preview(found)
    except files.FileMissing as error:
        raise Http404(str(error)) from error
    context = {"run": run, "artifact": found, "text": text}
    return render_page(request, "experiments/artifact_preview.html", context, partial="text")


@requires(Action.VIEW)
@require_safe
def log_file(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    run = find_run(request, pk)
    response = StreamingHttpResponse(logs.whole(run))
    response["Content-Disposition"] = f'attachment; filename="{run.pk}.log"'
    return as_data(response, "text/plain; charset=utf-8")


def as_data(response: HttpResponseBase, content_type: str = "application/octet-stream") -> HttpResponseBase:
    response["Content-Type"] = content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
