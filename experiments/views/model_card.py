"""A version's model card and its compliance list: read, written, and taken along as files."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from experiments.forms.model_card import CardForm
from experiments.models import ModelVersion
from experiments.selectors.compliance import compliance_of
from experiments.selectors.model_card import card_of, missing_of
from experiments.selectors.model_card_markdown import as_markdown, file_name, stem
from experiments.services import model_cards
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from experiments.views.artifacts import as_data
from experiments.views.find_models import find_version
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core import spreadsheets
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

CARD = "experiments/models/card.html"
EDIT = "experiments/models/card_edit.html"
COMPLIANCE = "experiments/models/compliance.html"


@requires(Action.VIEW)
@require_safe
def card(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    found = find_version(request, pk, version)
    context = _context(request, found) | {"sections": card_of(found), "missing": missing_of(found)}
    return render_page(request, CARD, context)


@requires(Action.REGISTER_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """All sections in one form; what somebody else wrote meanwhile is shown and not overwritten unseen."""
    found = find_version(request, pk, version)
    if request.method != "POST":
        return render_page(request, EDIT, _context(request, found) | {"form": CardForm(version=found)})
    form = CardForm(request.POST, version=found)
    if form.is_valid():
        try:
            changed = model_cards.write(found, actor=request.user, texts=form.texts, seen=form.seen)
        except Refused as error:
            form.refuse(error.problems, find_version(request, pk, version))
        else:
            toast(request, f"The model card of {found.number} is saved." if changed else "Nothing was changed.")
            return redirect("experiments:model_card", pk=pk, version=version)
    return render_page(request, EDIT, _context(request, found) | {"form": form}, status=422)


@requires(Action.VIEW)
@require_safe
def card_file(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponseBase:
    found = find_version(request, pk, version)
    response = HttpResponse(as_markdown(found, card_of(found)))
    response["Content-Disposition"] = f'attachment; filename="{file_name(found)}"'
    return as_data(response, "text/markdown; charset=utf-8")


@requires(Action.VIEW)
@require_safe
def compliance(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponseBase:
    """The check list, or with ``?format=csv`` the same as a file."""
    found = find_version(request, pk, version)
    listed = compliance_of(found)
    if request.GET.get("format") != "csv":
        return render_page(request, COMPLIANCE, _context(request, found) | {"compliance": listed})
    header = ["model", "version", "check", "state", "evidence"]
    rows = [[found.model.name, found.number, one.question, one.label, one.words] for one in listed.checks]
    response = StreamingHttpResponse(spreadsheets.lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{stem(found)}-compliance.csv"'
    return response


def _context(request: WorkspaceRequest, version: ModelVersion) -> dict[str, object]:
    return {"model": version.model, "version": version, "allowed": allowed(request)}
