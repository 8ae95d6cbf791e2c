"""A version made smaller for serving, or taken back to its exact file."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from experiments.models.job import JobStateError
from experiments.services import quantizing
from experiments.services.spec import Refused
from experiments.views.find_models import find_version
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.VIEW, change=Action.REGISTER_MODEL)
@require_POST
def quantize(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """``precision``: half, int8, or exact to go back."""
    found = find_version(request, pk, version)
    precision = request.POST.get("precision", "half")
    try:
        if precision == "exact":
            quantizing.restore_exact(found, actor=request.user)
            toast(request, f"{found.number} is served from its exact file again.")
        else:
            made = quantizing.quantize(found, precision, actor=request.user)
            toast(
                request,
                f"{made.exact_bytes / made.compact_bytes:.1f} times smaller; {made.overlap:.1%} of the ten best items "
                f"of {made.users:,} users are the same.",
            )
    except (Refused, JobStateError) as error:
        toast(request, f"Nothing changed: {error}", "error")
    return redirect(reverse("experiments:model_version", args=[pk, version]) + "#files")
