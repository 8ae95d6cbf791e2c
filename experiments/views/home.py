"""The home page: what runs now, what ended, what data there is, and one next step."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from experiments.selectors import home as home_rows
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of

TEMPLATE = "experiments/home.html"


@requires(Action.VIEW)
@require_safe
def home(request: WorkspaceRequest) -> HttpResponse:
    overview = home_rows.overview(request.workspace)
    return render_page(request, TEMPLATE, {"overview": overview, "allowed": allowed(request)})


@requires(Action.VIEW)
@require_safe
def now(request: WorkspaceRequest) -> HttpResponseBase:
    """The part of the home page that changes while work is in progress."""
    if not is_fragment(request):
        return redirect("experiments:home")
    overview = home_rows.overview(request.workspace)
    jobs = [*overview.active, *overview.imports, *overview.recent]
    version = version_of(*((job.pk, job.status_label, job.progress_done, job.phase) for job in jobs))
    if same := unchanged(request, version):
        return same
    context = {"overview": overview, "allowed": allowed(request)}
    return polled(render_page(request, TEMPLATE, context, partial="now"), version=version)
