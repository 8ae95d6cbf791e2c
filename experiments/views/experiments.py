"""The list of runs."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from experiments.selectors import experiments as runs
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of

TEMPLATE = "experiments/experiments.html"


@requires(Action.VIEW)
@require_safe
def experiment_list(request: WorkspaceRequest) -> HttpResponse:
    """50 runs a page, the newest first; ``?deleted=1`` shows those that can be brought back."""
    deleted = request.GET.get("deleted") == "1"
    rows = runs.deleted(request.workspace) if deleted else runs.listed(request.workspace)
    page = runs.page_of(rows, request.GET.get("page", "1"))
    context = {
        "page": page,
        "deleted": deleted,
        "columns": runs.COLUMNS,
        "allowed": allowed(request),
        "active_ids": [run.pk for run in page if run.is_active],
    }
    return render_page(request, TEMPLATE, context)


@requires(Action.VIEW)
@require_safe
def rows(request: WorkspaceRequest) -> HttpResponseBase:
    """The rows of the runs named by ``id`` (at most a page of them), for a page that shows them while they run."""
    if not is_fragment(request):
        return redirect("experiments:experiments")
    found = list(runs.listed(request.workspace).filter(pk__in=_ids(request)))
    version = version_of(*((run.pk, run.status_label, run.progress_done, run.phase, run.name) for run in found))
    if same := unchanged(request, version):
        return same
    active = [run.pk for run in found if run.is_active]
    context = {"runs": found, "columns": runs.COLUMNS, "active_ids": active, "allowed": allowed(request)}
    response = render_page(request, TEMPLATE, context, partial="refreshed")
    return polled(response, version=version, done=not active)


def _ids(request: WorkspaceRequest) -> list[uuid.UUID]:
    """Ids given in the address; what is not an id is left out."""
    found = []
    for text in request.GET.getlist("id")[: runs.PAGE_SIZE]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found
