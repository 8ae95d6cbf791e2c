"""Who is in the workspace, in which role. For administrators."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from mlopspro.accounts.access import requires
from mlopspro.accounts.events import Event
from mlopspro.accounts.forms import InviteForm, ReasonForm, RoleForm
from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import Action, Role
from mlopspro.accounts.selectors import people as selectors
from mlopspro.accounts.services import audit
from mlopspro.accounts.services import people as service
from mlopspro.accounts.views.page import settings_page
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast

PAGE_SIZE = 25


@requires(Action.MANAGE_PEOPLE)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: WorkspaceRequest) -> HttpResponse:
    """POST adds a person; the password link of a new account is shown in the answer, and never again."""
    form = InviteForm(request.POST or None)
    link, invited = "", None
    if request.method == "POST" and form.is_valid():
        try:
            invited = service.invite(
                workspace=request.workspace,
                email=form.cleaned_data["email"],
                name=form.cleaned_data["name"],
                role=Role(form.cleaned_data["role"]),
                actor=request.user,
            )
        except service.Refused as refused:
            form.add_error("email", str(refused))
        else:
            link = request.build_absolute_uri(service.password_link(invited.membership.user)) if invited.created else ""
            form = InviteForm()
    return _page(request, form, link, invited.membership if invited else None)


@requires(Action.MANAGE_PEOPLE)
@require_POST
def change_role(request: WorkspaceRequest, user_id: uuid.UUID) -> HttpResponse:
    form = RoleForm(request.POST)
    membership = _member(request, user_id)
    if not form.is_valid():
        toast(request, f"role: accepted are {', '.join(Role.values)}.", "error")
        return redirect("accounts:people")
    role = Role(form.cleaned_data["role"])
    return _try(
        request,
        lambda: service.change_role(membership, role, request.user, form.cleaned_data["reason"]),
        f"{membership.user} is {role.label.lower()} now.",
    )


@requires(Action.MANAGE_PEOPLE)
@require_POST
def remove(request: WorkspaceRequest, user_id: uuid.UUID) -> HttpResponse:
    membership = _member(request, user_id)
    return _try(
        request,
        lambda: service.remove_member(membership, request.user, _reason(request)),
        f"{membership.user} is no longer in {request.workspace}.",
    )


@requires(Action.MANAGE_PEOPLE)
@require_POST
def disable(request: WorkspaceRequest, user_id: uuid.UUID) -> HttpResponse:
    return _set_active(request, user_id, False)


@requires(Action.MANAGE_PEOPLE)
@require_POST
def enable(request: WorkspaceRequest, user_id: uuid.UUID) -> HttpResponse:
    return _set_active(request, user_id, True)


@requires(Action.MANAGE_PEOPLE)
@require_POST
def password_link(request: WorkspaceRequest, user_id: uuid.UUID) -> HttpResponse:
    """A link with which the person sets a new password; shown in the answer, to hand over by a safe way."""
    membership = _member(request, user_id)
    try:
        service.require_authority(request.user, membership.user)
    except service.Refused as refused:
        toast(request, str(refused), "error")
        return redirect("accounts:people")
    audit.record(action=Event.PASSWORD_LINK_MADE, actor=request.user, workspace=request.workspace, obj=membership.user)
    link = request.build_absolute_uri(service.password_link(membership.user))
    return _page(request, InviteForm(), link, membership)


def _page(request: WorkspaceRequest, form: InviteForm, link: str, shown: Membership | None) -> HttpResponse:
    page = Paginator(selectors.members(request.workspace), PAGE_SIZE).get_page(request.GET.get("page"))
    found = list(page)
    theirs = service.within_authority(request.user, [row.user for row in found])
    rows = [{"membership": row, "authority": row.user_id in theirs, "self": row.user == request.user} for row in found]
    context = {"form": form, "page": page, "rows": rows, "roles": list(Role), "link": link, "shown": shown}
    return settings_page(request, "people", context, status=422 if form.errors else 200)


def _member(request: WorkspaceRequest, user_id: uuid.UUID) -> Membership:
    found = selectors.members(request.workspace).filter(user_id=user_id).first()
    if found is None:
        raise Http404("Nobody of this id in the workspace.")
    return found


def _reason(request: WorkspaceRequest) -> str:
    form = ReasonForm(request.POST)
    return form.cleaned_data["reason"] if form.is_valid() else ""


def _set_active(request: WorkspaceRequest, user_id: uuid.UUID, active: bool) -> HttpResponse:
    user = _member(request, user_id).user
    return _try(
        request,
        lambda: service.set_active(
            user, active, workspace=request.workspace, actor=request.user, reason=_reason(request)
        ),
        f"{user} can sign in again." if active else f"{user} is disabled: no sign-in, no sessions, no keys.",
    )


def _try(request: WorkspaceRequest, act: Callable[[], None], done: str) -> HttpResponse:
    try:
        act()
    except service.Refused as refused:
        toast(request, str(refused), "error")
    else:
        toast(request, done)
    return redirect("accounts:people")
