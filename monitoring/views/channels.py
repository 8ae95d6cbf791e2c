"""The pages of channels: the list, one with its log of attempts, and its form."""

from __future__ import annotations

import uuid

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from pydantic import ValidationError

from experiments.services.spec import Refused, problems_of
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from monitoring.forms_channels import ChannelForm
from monitoring.models.alerts import Channel
from monitoring.selectors import channels as rows
from monitoring.services import channels, notifications
from monitoring.services.channels import ChannelChanges
from monitoring.services.telling import mail

ATTEMPTS_A_PAGE = 25


@requires(Action.VIEW)
@require_safe
def channel_list(request: WorkspaceRequest) -> HttpResponse:
    context = {"states": rows.listed(request.workspace), **_common(request)}
    return render_page(request, "monitoring/channels.html", context)


@requires(Action.EDIT_POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_new(request: WorkspaceRequest) -> HttpResponseBase:
    """``?kind=``, e-mail where it is not said. A webhook's key is shown in the answer to its making, never again."""
    kind = request.GET.get("kind", Channel.Kind.EMAIL)
    if kind not in Channel.Kind.values:
        raise Http404(f"Channels are of the kinds {', '.join(Channel.Kind.values)}.")
    form = ChannelForm(request.POST or None, kind=kind)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form)
    try:
        made = channels.create(workspace=request.workspace, actor=request.user, spec=form.spec())
    except (Refused, ValidationError) as error:
        return _refused(request, form, error)
    if made.key:
        return _detail(request, made.channel, key=made.key)
    toast(request, f"{made.channel.name} is added. Send a test to see that it arrives.")
    return redirect("monitoring:channel", pk=made.channel.pk)


@requires(Action.VIEW)
@require_safe
def channel(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """One channel and the log of attempts; ``?tested=`` names the attempt of a test that was just made."""
    return _detail(request, get_visible_or_404(Channel, request, pk))


@requires(Action.EDIT_POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = get_visible_or_404(Channel, request, pk)
    form = ChannelForm(request.POST or None, kind=found.kind, channel=found)
    if request.method != "POST" or not form.is_valid():
        return _form(request, form)
    try:
        changed = channels.change(found, actor=request.user, changes=form.changes())
    except (Refused, ValidationError) as error:
        return _refused(request, form, error)
    toast(request, f"{changed.name} is saved.")
    return redirect("monitoring:channel", pk=pk)


@requires(Action.EDIT_POLICY)
@require_POST
def channel_switch(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """``enabled`` of the form, 1 or 0."""
    changes = ChannelChanges(enabled=request.POST.get("enabled") == "1")
    changed = channels.change(get_visible_or_404(Channel, request, pk), actor=request.user, changes=changes)
    toast(request, f"{changed.name} is {'enabled' if changed.enabled else 'disabled; what waited is dropped'}.")
    return redirect("monitoring:channel", pk=pk)


@requires(Action.EDIT_POLICY)
@require_POST
def channel_test(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Sends a test and leads to how it went."""
    found = get_visible_or_404(Channel, request, pk)
    page = reverse("monitoring:channel", args=[found.pk])
    try:
        attempt = notifications.test(found, actor=request.user)
    except Refused as error:
        toast(request, f"Not sent: {error.problems[0].message}.", "error")
        return redirect(page)
    return redirect(f"{page}?tested={attempt.pk}")


@requires(Action.EDIT_POLICY)
@require_POST
def channel_key(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The new key is shown in this answer alone."""
    found = get_visible_or_404(Channel, request, pk)
    try:
        key = channels.renew_key(found, actor=request.user)
    except Refused as error:
        toast(request, f"No key: {error.problems[0].message}.", "error")
        return redirect("monitoring:channel", pk=pk)
    return _detail(request, found, key=key)


@requires(Action.EDIT_POLICY)
@require_POST
def channel_delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_visible_or_404(Channel, request, pk)
    channels.delete(found, actor=request.user)
    toast(request, f"{found.name} is deleted.")
    return redirect("monitoring:channels")


def _detail(request: WorkspaceRequest, found: Channel, *, key: str = "") -> HttpResponse:
    page = Paginator(rows.attempts(found), ATTEMPTS_A_PAGE).get_page(request.GET.get("page"))
    asked = request.GET.get("tested", "")
    tested = rows.attempts(found).filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    context = {
        "state": rows.state_of(found),
        "rules": list(found.rules.select_related("model").order_by("model__name", "name")[:50]),
        "waiting": rows.waiting(found),
        "page": page,
        "entries": rows.logged(list(page)),
        "tested": tested,
        "key": key,
        **_common(request),
    }
    return render_page(request, "monitoring/channel.html", context)


def _form(request: WorkspaceRequest, form: ChannelForm, status: int = 0) -> HttpResponse:
    context = {"form": form, "channel": form.channel, "kind": Channel.Kind(form.kind), **_common(request)}
    return render_page(request, "monitoring/channel_edit.html", context, status=status or (422 if form.errors else 200))


def _refused(request: WorkspaceRequest, form: ChannelForm, error: Refused | ValidationError) -> HttpResponse:
    form.refuse(error.problems if isinstance(error, Refused) else problems_of(error))
    return _form(request, form, status=422)


def _common(request: WorkspaceRequest) -> dict[str, object]:
    return {"allowed": allowed(request), "mail_is_possible": mail.is_possible()}
