"""What a version would have earned on lists that production showed: asked for by a button, kept for ten minutes."""

from __future__ import annotations

import uuid

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods

from experiments.models import ModelVersion
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from retraining.services import off_policy


@requires(Action.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """A post works it out, in two seconds at most."""
    rows = ModelVersion.objects.select_related("model", "experiment", "dataset")
    version = get_object_or_404(rows, pk=pk, model__workspace=request.workspace)
    if request.method == "POST":
        off_policy.asked(version)
        return redirect("retraining:off_policy", pk=pk)
    context = {"version": version, "model": version.model, "hint": off_policy.remembered(version)}
    return render_page(request, "retraining/off_policy.html", context | {"days": off_policy.DAYS})
