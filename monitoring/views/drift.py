"""One check of drift, and what people do about it: check at once, choose the stretch, pin and activate references."""

from __future__ import annotations

import uuid

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from experiments.models import RegisteredModel
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from monitoring.models import Check, Reference
from monitoring.selectors import drift as shown
from monitoring.selectors.drift_around import deployed
from monitoring.selectors.windows import BadPeriod, Period, period
from monitoring.services import judging, monitoring_settings, references
from monitoring.services.scene import in_words
from monitoring.views.panels.drift import Openable

RECOUNTED = "Windows are recounted against it now; the next check uses it."


@requires(Action.VIEW)
@require_safe
def one(request: WorkspaceRequest, pk: uuid.UUID, check: uuid.UUID) -> HttpResponse:
    """One check as it was made, for good: alerts and on-demand checks lead here. ``?signal=`` opens a row."""
    model = _model(request, pk)
    found = shown.of(get_object_or_404(shown.checks_of(model), pk=check), monitoring_settings.of(model))
    context = {"model": model, "found": found, "check": found.check, "openable": Openable(found),
               "allowed": allowed(request)}  # fmt: skip
    return render_page(request, "monitoring/drift_check.html", context)


@requires(Action.HANDLE_ALERT)
@require_POST
def check(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Judges the shown period once, whatever stretch is analysed otherwise."""
    model = _model(request, pk)
    try:
        chosen = _period(request)
    except BadPeriod as error:
        return _refused(request, model, str(error))
    made = judging.judge(model, Check.Area.DRIFT, period=chosen, through="page")
    if made is None:
        return _refused(request, model, "Drift does not apply to this model.", chosen)
    return redirect("monitoring:drift_one", pk=model.pk, check=made.pk)


@requires(Action.EDIT_POLICY)
@require_POST
def window(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """How long a stretch is analysed (F167); the settings of the model keep it."""
    model = _model(request, pk)
    try:
        settings = monitoring_settings.change(
            model, {"window_seconds": request.POST.get("window_seconds", "")}, actor=request.user
        )
    except Refused as error:
        return _refused(request, model, _words(error))
    toast(request, f"Checks look at the last {in_words(settings.window_seconds)} from now on.")
    return _back(request, model)


@requires(Action.EDIT_POLICY)
@require_POST
def pin(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Makes the shown period of the live version its reference."""
    model = _model(request, pk)
    live = deployed(model).live
    if live is None:
        return _refused(request, model, "No version is in production, so there is no traffic to pin.")
    try:
        references.pin(live, _period(request), actor=request.user)
    except BadPeriod as error:
        return _refused(request, model, str(error))
    except Refused as error:
        return _refused(request, model, _words(error))
    toast(request, f"This period is the reference of {live.number}. {RECOUNTED}")
    return _back(request, model)


@requires(Action.EDIT_POLICY)
@require_POST
def activate(request: WorkspaceRequest, pk: uuid.UUID, reference: uuid.UUID) -> HttpResponse:
    """Goes back to a reference that was made before."""
    model = _model(request, pk)
    rows = Reference.objects.select_related("version__model__workspace").filter(version__model=model)
    found = get_object_or_404(rows.defer("profile"), pk=reference)
    try:
        references.activate(found, actor=request.user)
    except Refused as error:
        return _refused(request, model, _words(error))
    toast(request, f"{found.get_kind_display()} is the reference of {found.version.number}. {RECOUNTED}")
    return _back(request, model)


def _model(request: WorkspaceRequest, pk: uuid.UUID) -> RegisteredModel:
    return get_visible_or_404(RegisteredModel, request, pk)


def _period(request: WorkspaceRequest) -> Period:
    """That of the page from which the form was sent. Raises BadPeriod."""
    given = request.POST
    return period(given.get("period") or "24h", start=given.get("from"), end=given.get("to"))


def _words(error: Refused) -> str:
    return "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)


def _refused(
    request: WorkspaceRequest, model: RegisteredModel, words: str, chosen: Period | None = None
) -> HttpResponseRedirect:
    toast(request, words, "error")
    return _back(request, model, chosen)


def _back(request: WorkspaceRequest, model: RegisteredModel, chosen: Period | None = None) -> HttpResponseRedirect:
    """To the tab, in the period from which the form was sent."""
    try:
        kept = (chosen or _period(request)).query
    except BadPeriod:
        kept = {}
    query = urlencode({"model": str(model.pk), "tab": "drift", **kept})
    return HttpResponseRedirect(f"{reverse('monitoring:overview')}?{query}")
