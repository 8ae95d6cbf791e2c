"""One's own name, look, time zone and sessions."""

from __future__ import annotations

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mlopspro.accounts.access import signed_in
from mlopspro.accounts.forms import ChooseWorkspaceForm, ProfileForm, ThemeForm
from mlopspro.accounts.requests import SignedInRequest
from mlopspro.accounts.services import people
from mlopspro.accounts.views.page import settings_page
from mlopspro.core.toasts import toast


@signed_in
@require_GET
def index(request: SignedInRequest) -> HttpResponse:
    return redirect("accounts:profile")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        toast(request, "Your profile is saved.")
        return redirect("accounts:profile")
    if form.errors:
        request.user.refresh_from_db(fields=["name", "theme", "time_zone"])
    return settings_page(request, "profile", {"form": form}, status=422 if form.errors else 200)


@signed_in
@require_POST
def theme(request: SignedInRequest) -> HttpResponse:
    """The switch in the page's frame: with scripts answers 204, without goes back to where it was pressed."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("theme: accepted are dark and light", content_type="text/plain")
    request.user.theme = form.cleaned_data["theme"]
    request.user.save(update_fields=["theme"])
    return HttpResponse(status=204) if _from_script(request) else _back(request)


@signed_in
@require_POST
def sign_out_everywhere(request: SignedInRequest) -> HttpResponse:
    people.end_sessions(request.user, actor=request.user, workspace=request.standing.workspace)
    update_session_auth_hash(request, request.user)
    toast(request, "You are signed out everywhere else.")
    return redirect("accounts:profile")


@signed_in
@require_POST
def switch_workspace(request: SignedInRequest) -> HttpResponse:
    """A workspace that is not one's own is as unknown as one that does not exist."""
    form = ChooseWorkspaceForm(request.POST)
    if not form.is_valid() or not request.standing.choose(form.cleaned_data["workspace"]):
        toast(request, "There is no such workspace.", "error")
    return redirect("/")


def _from_script(request: SignedInRequest) -> bool:
    return bool(getattr(request, "htmx", False)) or request.headers.get("X-Requested-With") in {
        "fetch",
        "XMLHttpRequest",
    }


def _back(request: SignedInRequest) -> HttpResponse:
    """To the page it came from, if that is one of ours."""
    target = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(target if safe else "/")
