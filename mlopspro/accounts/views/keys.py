"""API keys: one's own, and for administrators everybody's."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from mlopspro.accounts.access import get_visible_or_404, requires, standing_of
from mlopspro.accounts.forms import KeyForm, ReasonForm
from mlopspro.accounts.models import ApiKey
from mlopspro.accounts.permissions import Action, Role
from mlopspro.accounts.selectors import people as selectors
from mlopspro.accounts.services import keys as service
from mlopspro.accounts.views.page import settings_page
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.MANAGE_OWN_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: WorkspaceRequest) -> HttpResponse:
    """The new key is shown in the answer to its making, and never again."""
    form = KeyForm(request.POST or None, role=Role(request.membership.role))
    made = None
    if request.method == "POST" and form.is_valid():
        made = service.create_key(
            owner=request.user,
            workspace=request.workspace,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at(),
            actor=request.user,
        )
        form = KeyForm(role=Role(request.membership.role))
    manages_all = standing_of(request).can(Action.MANAGE_KEYS)
    rows = selectors.keys_of(request.workspace, None if manages_all else request.user)
    context = {"form": form, "made": made, "keys": rows, "manages_all": manages_all}
    return settings_page(request, "keys", context, status=422 if form.errors else 200)


@requires(Action.MANAGE_OWN_KEYS)
@require_POST
def revoke(request: WorkspaceRequest, key_id: uuid.UUID) -> HttpResponse:
    """Somebody else's key does not exist for those who do not manage keys."""
    own = {} if standing_of(request).can(Action.MANAGE_KEYS) else {"owner": request.user}
    key = get_visible_or_404(ApiKey, request, key_id, **own)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    if service.revoke_key(key, request.user, reason):
        toast(request, f"The key {key.name} is revoked.")
    return redirect("accounts:keys")
