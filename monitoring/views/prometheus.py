"""/metrics for Prometheus. Never public: a key with the scope read, the installation's own token, or a session."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from mlopspro.accounts.access import requires
from mlopspro.accounts.api_auth import ApiKeyAuth
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.marks import Access, marked
from monitoring.selectors.exposition import exposition


def _metrics(request: HttpRequest) -> HttpResponseBase:
    """With the installation's token: all models. With a key or a session: those of its workspace."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return _of_a_session(request)
    if _is_ours(token.strip()):
        return _answer(None)
    if ApiKeyAuth(Action.VIEW).authenticate(request, token.strip()) is None:
        refused = HttpResponse("Send a key that is valid, or MLOPSPRO_METRICS_TOKEN.\n", "text/plain", status=401)
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    return _answer(request.workspace)  # type: ignore[attr-defined]


metrics = marked(require_safe(_metrics), Access(action=Action.VIEW, change=Action.VIEW))


@requires(Action.VIEW)
def _of_a_session(request: WorkspaceRequest) -> HttpResponse:
    return _answer(request.workspace)


def _is_ours(token: str) -> bool:
    """Compared in constant time; an empty setting admits nobody."""
    wanted = settings.METRICS_TOKEN
    return bool(wanted) and hmac.compare_digest(token.encode(), wanted.encode())


def _answer(workspace: Workspace | None) -> HttpResponse:
    return HttpResponse(exposition(workspace), content_type=CONTENT_TYPE_LATEST)
