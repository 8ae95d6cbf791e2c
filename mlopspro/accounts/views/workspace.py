"""The workspace itself: its name, and making another one."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from mlopspro.accounts.access import requires, standing_of
from mlopspro.accounts.forms import WorkspaceForm
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.accounts.services import workspaces as service
from mlopspro.accounts.views.page import settings_page
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.MANAGE_WORKSPACE)
@require_http_methods(["GET", "HEAD", "POST"])
def workspace(request: WorkspaceRequest) -> HttpResponse:
    """POST renames it."""
    # A copy: validating a model form writes on its instance, and the page's frame shows the present name.
    form = WorkspaceForm(request.POST or None, instance=Workspace.objects.get(pk=request.workspace.pk))
    if request.method == "POST" and form.is_valid():
        service.rename_workspace(request.workspace, form.cleaned_data["name"], request.user)
        toast(request, "The workspace is renamed.")
        return redirect("accounts:workspace_settings")
    return _page(request, form, WorkspaceForm(prefix="new"))


@requires(Action.MANAGE_WORKSPACE)
@require_POST
def create(request: WorkspaceRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST, prefix="new")
    if not form.is_valid():
        return _page(request, WorkspaceForm(instance=request.workspace), form)
    made = service.create_workspace(form.cleaned_data["name"], request.user)
    standing = standing_of(request)
    del standing.__dict__["memberships"]
    standing.choose(made.pk)
    toast(request, f"You are in the new workspace {made.name}. It is empty; add people and data.")
    return redirect("/")


def _page(request: WorkspaceRequest, form: WorkspaceForm, new_form: WorkspaceForm) -> HttpResponse:
    status = 422 if form.errors or new_form.errors else 200
    return settings_page(request, "workspace", {"form": form, "new_form": new_form}, status=status)
