"""The tour's page: what happens, as it happens, and where to look at it."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.tour import charts, selectors
from mlopspro.tour.selectors import TourView


@requires(Action.VIEW)
@require_safe
def tour(request: WorkspaceRequest) -> HttpResponseBase:
    """The newest tour of the workspace; polled until it has ended and its last visitors have gone."""
    found = selectors.newest(request.workspace)
    version = _version(request, found)
    if same := unchanged(request, version):
        return same
    context = {"found": found, "chart": charts.quality(found.facts, found.numbers) if found is not None else None}
    page = render_page(request, "tour/tour.html", context, partial="live")
    return polled(page, version=version, done=is_fragment(request) and found is not None and not found.moves)


def _version(request: WorkspaceRequest, found: TourView | None) -> str:
    if found is None:
        return version_of(request.get_full_path(), "none")
    rows = ((one.row.key, one.row.state, one.row.sentence, one.row.progress) for one in found.steps)
    return version_of(
        request.get_full_path(), found.tour.pk, found.tour.state, found.interrupted, found.moves,
        len(found.facts.get("course", [])), *(part for row in rows for part in row),
    )  # fmt: skip
