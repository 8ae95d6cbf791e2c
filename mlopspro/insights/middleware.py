"""Counts which parts of the product people use, in workspaces that switched it on (docs/how-to/insights.md)."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from mlopspro.core.http import is_fragment
from mlopspro.insights.parts import part_of
from mlopspro.insights.services import part_use

GetResponse = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger(__name__)


class PartUseMiddleware:
    """Whole pages that answered a signed-in person; never fragments, files, the API, or what was refused.

    The page comes first: whatever goes wrong here is logged and forgotten, and the answer goes out as it is.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        try:
            _count(request, response)
        except Exception as error:  # a page must not fail because it was counted
            log.warning("part use not counted", error=str(error).splitlines()[0] if str(error) else repr(error))
        return response


def _count(request: HttpRequest, response: HttpResponseBase) -> None:
    workspace, match = getattr(request, "workspace", None), request.resolver_match
    standing = getattr(request, "standing", None)
    if workspace is None or match is None or not workspace.usage_recorded or standing is None or standing.api_key:
        return
    is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")
    if request.method == "GET" and is_page and not is_fragment(request):
        part_use.visit(workspace, standing.membership.user, part_of(match), timezone.now())
