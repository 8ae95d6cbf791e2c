"""The guards that views are declared with. Deny by default: see DenyByDefaultMiddleware and checks.py.

    @public                                         everybody
    @signed_in                                      whoever is signed in, in a workspace or not
    @requires(Action.VIEW)                          members whose role allows it
    @requires(Action.VIEW, change=Action.EDIT_X)    GET needs the one, POST the other

Inside, ``request.workspace`` is the only workspace the request may touch: look objects up with
``get_visible_or_404``, which knows nothing outside it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from mlopspro.accounts.permissions import Action, NotAllowed, Role, roles_that_allow
from mlopspro.accounts.requests import SignedInRequest
from mlopspro.accounts.services import audit
from mlopspro.accounts.standing import Standing
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.marks import ATTRIBUTE, Access, access_of, public

__all__ = ["Access", "access_of", "admit", "get_visible_or_404", "public", "requires", "signed_in", "visible"]

P = ParamSpec("P")
ModelT = TypeVar("ModelT", bound=Model)
Response = TypeVar("Response", bound=HttpResponseBase)


def requires(
    action: Action, *, change: Action | None = None
) -> Callable[
    [Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Guards a view: sign-in, workspace and a role that allows ``action`` (``change`` for unsafe methods)."""
    mark = Access(action=action, change=change or action)

    def decorate(
        view: Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            admit(request, Action(mark.needed(request.method)))
            return view(cast(WorkspaceRequest, request), *args, **kwargs)

        setattr(guarded, ATTRIBUTE, mark)
        return guarded

    return decorate


def signed_in(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Guards a view about the person alone: profile, password, choice of workspace."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        return view(cast(SignedInRequest, request), *args, **kwargs)

    setattr(guarded, ATTRIBUTE, Access())
    return guarded


def admit(request: HttpRequest, action: Action) -> None:
    """Sets request.workspace and request.membership, or raises NotAllowed with the reason and audits the refusal."""
    standing = standing_of(request)
    if standing.membership is None:
        raise NotAllowed("You are not a member of any workspace. Ask an administrator to add you to one.")
    if not standing.can(action):
        audit.record_refusal(request, action)
        raise NotAllowed(_why_not(standing, action))
    request.workspace = standing.membership.workspace  # type: ignore[attr-defined]
    request.membership = standing.membership  # type: ignore[attr-defined]
    timezone.activate(standing.membership.user.zone if standing.api_key else request.user.zone)  # type: ignore[union-attr]


def _why_not(standing: Standing, action: Action) -> str:
    if standing.membership is not None and standing.membership.allows(action):
        return f"This API key has the scopes {', '.join(standing.api_key.scopes)}, which do not cover: {action.label}."  # type: ignore[union-attr]
    role = Role(standing.membership.role).label.lower()  # type: ignore[union-attr]
    needed = " or ".join(item.label.lower() for item in roles_that_allow(action))
    return f"Your role in this workspace is {role}. “{action.label}” needs {needed}."


def standing_of(request: HttpRequest) -> Standing:
    """Set by WorkspaceMiddleware; made on the spot where a view is called without it."""
    standing = getattr(request, "standing", None)
    if not isinstance(standing, Standing):
        standing = request.standing = Standing(request)  # type: ignore[attr-defined]
    return standing


def to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back. A fragment's request moves the whole page, not the fragment."""
    htmx = getattr(request, "htmx", None)
    if not htmx:
        return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    current = urlsplit(htmx.current_url_abs_path or "/")
    target = redirect_to_login(current._replace(scheme="", netloc="").geturl())
    return HttpResponseClientRedirect(target["Location"])


def visible(model: type[ModelT], request: HttpRequest) -> QuerySet[ModelT]:
    """Rows of a workspace-owned model in the request's workspace, and nothing else."""
    rows: QuerySet[ModelT] = model._default_manager.filter(workspace=cast(WorkspaceRequest, request).workspace)
    return rows


def get_visible_or_404(model: type[ModelT], request: HttpRequest, pk: uuid.UUID | str | int, **also: Any) -> ModelT:
    """One row of the request's workspace. Unknown and somebody else's are the same 404."""
    try:
        return visible(model, request).get(pk=pk, **also)
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise Http404(f"No {model._meta.verbose_name} of this id.") from None
