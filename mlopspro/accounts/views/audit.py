"""The audit trail of the workspace."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import requires
from mlopspro.accounts.forms import AuditFilterForm
from mlopspro.accounts.permissions import Action
from mlopspro.accounts.selectors import audit as selectors
from mlopspro.accounts.views.page import settings_page
from mlopspro.core.http import WorkspaceRequest

PAGE_SIZE = 50


@requires(Action.VIEW_AUDIT)
@require_safe
def audit(request: WorkspaceRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET, actions=selectors.known_actions(request.workspace))
    rows = selectors.entries(request.workspace)
    if form.is_valid():
        rows = selectors.filtered(rows, form.cleaned_data, request.user.zone)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "filtered": any(request.GET.get(name) for name in form.fields)}
    return settings_page(request, "audit", context, partial="entries")
