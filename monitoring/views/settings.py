"""How a model is judged: its prices and its limits, what others would change, and judging it at once."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from experiments.models import RegisteredModel
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from monitoring.forms_settings import PolicyForm, PricesForm, SettingsForm
from monitoring.models import Check, MonitoringSettings
from monitoring.selectors import would_change
from monitoring.selectors.windows import BadPeriod, period
from monitoring.services import judging, monitoring_settings

TEMPLATE = "monitoring/settings.html"
SHOWN_CHANGES = 10
SAVED = "Saved. What is shown is priced and judged by it from now on."


@requires(Action.VIEW)
@require_safe
def show(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Both forms. Values in the address are not saved: the page says what they would change."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    settings = monitoring_settings.of(model)
    given = request.GET
    prices, policy = _prices(settings), _policy(settings)
    context: dict[str, Any] = {}
    if asked := [name for name in (*prices.fields, *policy.fields) if name in given and name != "reason"]:
        prices = _prices(settings, given) if set(asked) & set(prices.fields) else prices
        policy = _policy(settings, given) if set(asked) & set(policy.fields) else policy
        context = _preview(model, settings, [form for form in (prices, policy) if form.is_bound])
    return _page(request, model, settings, prices, policy, context)


@requires(Action.EDIT_PRICES)
@require_POST
def save_prices(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    model = get_visible_or_404(RegisteredModel, request, pk)
    settings = monitoring_settings.of(model)
    form = _prices(settings, request.POST)
    return _save(request, model, form) or _page(request, model, settings, form, _policy(settings), {})


@requires(Action.EDIT_POLICY)
@require_POST
def save_policy(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    model = get_visible_or_404(RegisteredModel, request, pk)
    settings = monitoring_settings.of(model)
    form = _policy(settings, request.POST)
    return _save(request, model, form) or _page(request, model, settings, _prices(settings), form, {})


@requires(Action.HANDLE_ALERT)
@require_POST
def judge(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Judges the model in every area at once, over the analysed stretch. Leads back to the tab it was asked from."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    failed = []
    for area in judging.AREAS:
        try:
            judging.judge(model, area, through="page")
        except Exception:  # whatever it is: the other areas are judged, and the person is told which was not
            judging.log.exception("not judged", model=str(model.pk), area=area)
            failed.append(Check.Area(area).label.lower())
    if failed:
        toast(request, f"Not judged: {', '.join(failed)}. The log of this site says why.", "error")
    else:
        toast(request, f"{model.name} was judged just now.")
    query: dict[str, str] = {"model": str(model.pk)}
    if tab := request.POST.get("tab", "")[:20]:
        query["tab"] = tab
    try:
        given = request.POST
        chosen = period(given.get("period") or "24h", start=given.get("from"), end=given.get("to"))
        query |= chosen.query
    except BadPeriod:
        pass
    return HttpResponseRedirect(f"{reverse('monitoring:overview')}?{urlencode(query)}")


def _save(request: WorkspaceRequest, model: RegisteredModel, form: SettingsForm) -> HttpResponse | None:
    """Where it leads to when it is saved; None where the form has errors, which it then shows."""
    if not form.is_valid():
        return None
    try:
        monitoring_settings.change(
            model, form.changes(), actor=request.user, reason=form.cleaned_data.get("reason") or ""
        )
    except Refused as error:
        form.refuse(error.problems)
        return None
    toast(request, SAVED)
    return redirect("monitoring:settings", pk=model.pk)


def _preview(
    model: RegisteredModel, settings: MonitoringSettings, forms: list[PricesForm | PolicyForm]
) -> dict[str, Any]:
    """Rows of what would change; nothing where a value is not accepted, which its form then says."""
    changes: dict[str, Any] = {}
    for form in forms:
        if not form.is_valid():
            return {}
        changes |= form.changes()
    try:
        return {"would": would_change.rows(model, settings, would_change.changed(settings, changes))}
    except Refused as error:
        for form in forms:
            form.refuse([one for one in error.problems if form.field_of(one.field)])
        return {}


def _page(
    request: WorkspaceRequest,
    model: RegisteredModel,
    settings: MonitoringSettings,
    prices: PricesForm,
    policy: PolicyForm,
    more: dict[str, Any],
) -> HttpResponse:
    changes = AuditEntry.objects.filter(
        workspace=request.workspace,
        action=monitoring_settings.CHANGED,
        object_type=model._meta.label_lower,
        object_id=str(model.pk),
    )
    context = {
        "model": model,
        "settings": settings,
        "prices": prices,
        "policy": policy,
        "changes": list(changes.select_related("actor").order_by("-at")[:SHOWN_CHANGES]),
        "allowed": allowed(request),
        **more,
    }
    refused = any(form.is_bound and form.errors for form in (prices, policy))
    return render_page(request, TEMPLATE, context, status=422 if refused and request.method == "POST" else 200)


def _prices(settings: MonitoringSettings, data: QueryDict | None = None) -> PricesForm:
    initial = PricesForm.initial_of(settings)
    return PricesForm(_filled(initial, data), initial=initial)


def _policy(settings: MonitoringSettings, data: QueryDict | None = None) -> PolicyForm:
    return PolicyForm(_filled(PolicyForm.initial_of(settings), data), settings=settings)


def _filled(initial: dict[str, Any], data: QueryDict | None) -> dict[str, Any] | None:
    """What is not given stays as it is, so an address or an older page may name some fields only."""
    if data is None:
        return None
    return {name: str(value) for name, value in initial.items()} | cast(dict[str, Any], data.dict())
