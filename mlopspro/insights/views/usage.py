"""The switch for counting the use of parts."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.formats import number
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast
from mlopspro.insights.services import usage_switch


@requires(Action.MANAGE_WORKSPACE)
@require_POST
def switch(request: WorkspaceRequest) -> HttpResponse:
    """``on`` is yes or no; with no, ``delete`` yes removes what was recorded."""
    given = request.POST.get("on", "")
    if given not in ("yes", "no"):
        toast(request, f"on is {given[:20]!r}; yes or no is accepted.", "error")
        return _back()
    delete = request.POST.get("delete") == "yes"
    gone = usage_switch.switch(request.workspace, on=given == "yes", actor=request.user, delete=delete)
    if given == "yes":
        toast(request, "Use of the product's parts is recorded from now on.")
    else:
        rest = f" {number(gone)} rows were deleted." if delete else " What was recorded is kept."
        toast(request, f"Nothing is recorded.{rest}")
    return _back()


def _back() -> HttpResponse:
    return redirect(f"{reverse('insights:insights')}#use")
