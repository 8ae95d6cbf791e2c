"""Requests as views see them, and the answers that pages and their polled fragments share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from django_htmx.http import HTMX_STOP_POLLING

from mlopspro.core.toasts import announce

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from mlopspro.accounts.models import Membership, User, Workspace

    class WorkspaceRequest(HttpRequest):
        """A request of a signed-in person in a workspace: what a view behind ``@requires`` is given."""

        user: User
        workspace: Workspace
        membership: Membership
        htmx: HtmxDetails

else:
    WorkspaceRequest = HttpRequest


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page. Boosted links and restored history want the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Renders ``template``, or only its partial where htmx asks for a fragment.

    A page and its refreshing fragment are one template. Messages waiting for the person travel with a fragment as
    an ``HX-Trigger`` event, since only the whole page has the place where messages are written.
    """
    fragment = partial is not None and is_fragment(request)
    name = f"{template}#{partial}" if fragment else template
    response = render(request, name, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return announce(request, response) if fragment else response


def version_of(*parts: object) -> str:
    """An ETag from what a fragment depends on: ids, states, counts, times."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=12)
    return quote_etag(digest.hexdigest())


def unchanged(request: HttpRequest, version: str) -> HttpResponseNotModified | None:
    """The 304 answer where the browser already has this version of the fragment, otherwise None.

    Ask before doing the expensive part of a polled view. The page's script sends the version back (``If-None-Match``)
    and leaves the fragment alone on 304.
    """
    # Compared weakly: compression on the way turns "v" into W/"v".
    known = [one.removeprefix("W/") for one in parse_etags(request.headers.get("If-None-Match", ""))]
    if is_fragment(request) and version in known:
        answer = HttpResponseNotModified()
        answer["ETag"] = version
        patch_vary_headers(answer, ["HX-Request"])
        return answer
    return None


def polled(response: HttpResponse, *, version: str | None = None, done: bool = False) -> HttpResponse:
    """Marks the answer of a polled fragment: with its version, and as the last one where there is no more to come."""
    if version is not None:
        response["ETag"] = version
    return poll_done(response) if done else response


def poll_done(response: HttpResponse) -> HttpResponse:
    """Tells htmx to take this content and to stop asking (status 286)."""
    if response.status_code == 200:
        response.status_code = HTMX_STOP_POLLING
        response.reason_phrase = "Stop Polling"
    return response
