"""The rules of a model: their list, one of them with what it would have done, and the switch."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from experiments.forms.training import sentence
from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, render_page
from mlopspro.core.toasts import toast
from monitoring import charts_alerts
from monitoring.alerts.past import openings, past
from monitoring.alerts.specs import SIGNALS
from monitoring.forms_alerts import RuleForm
from monitoring.models import AlertRule, Channel
from monitoring.selectors import alert_rules as shown
from monitoring.services import alert_rules, alert_terms, alerting

LIST, EDIT = "monitoring/alerts/rules.html", "monitoring/alerts/rule.html"
WEEK, HALF_A_DAY = dt.timedelta(days=7), dt.timedelta(hours=12)
"""How far a rule is tried on the past; of a series less, as each point is held against its own past."""


@requires(Action.VIEW)
@require_safe
def rule_list(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    model = get_visible_or_404(RegisteredModel, request, pk)
    rows = shown.of_model(model)
    context = {
        "model": model,
        "rows": rows,
        "unseeded": alert_rules.lacks_seeds([one.rule for one in rows]),
        "allowed": allowed(request),
    }
    return render_page(request, LIST, context)


@requires(Action.EDIT_POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    model = get_visible_or_404(RegisteredModel, request, pk)
    offered = _channels(model)
    if request.method != "POST":
        asked = {name: request.GET[name][:120] for name in ("signal", "name") if name in request.GET}
        return _form(request, RuleForm(model=model, offered=offered, initial=asked))
    form = RuleForm(request.POST, model=model, offered=offered)
    values = form.asked()
    if values is None or "preview" in request.POST:
        return _form(request, form)
    try:
        rule = alert_rules.create(model, values, actor=request.user)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form)
    toast(request, f"{rule.name} is looked at from now on.")
    return redirect("monitoring:alert_rules", pk=model.pk)


@requires(Action.VIEW, change=Action.EDIT_POLICY)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One rule: its form for those who may change it, and what it would have done in the last days."""
    one = _find(request, pk)
    offered = _channels(one.model)
    if request.method != "POST":
        return _form(request, RuleForm(model=one.model, rule=one, offered=offered))
    form = RuleForm(request.POST, model=one.model, rule=one, offered=offered)
    values = form.asked()
    if values is None or "preview" in request.POST:
        return _form(request, form)
    try:
        changed = alert_rules.change(one, values, actor=request.user)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form)
    toast(request, f"{changed.name} is saved.")
    return redirect("monitoring:alert_rules", pk=one.model_id)


@requires(Action.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """What a rule would have done, as it is typed. Changes nothing; ``rule`` names the one that is edited."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    if not is_fragment(request) or request.method != "POST":
        return redirect("monitoring:alert_rules", pk=pk)
    asked = request.POST.get("rule", "")
    edited = None
    with contextlib.suppress(ValueError):
        edited = AlertRule.objects.filter(model=model, pk=uuid.UUID(asked)).select_related("model").first()
    form = RuleForm(request.POST, model=model, rule=edited, offered=[])
    return render_page(request, EDIT, {"tried": _tried(form)}, partial="tried")


@requires(Action.EDIT_POLICY)
@require_POST
def switch(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    one = _find(request, pk)
    on = request.POST.get("on") == "1"
    alert_rules.enable(one, on, actor=request.user)
    toast(request, f"{one.name} is switched {'on' if on else 'off'}.", "success" if on else "info")
    return redirect("monitoring:alert_rules", pk=one.model_id)


@requires(Action.EDIT_POLICY)
@require_POST
def follow(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """A seeded rule takes its thresholds from the model's settings again."""
    one = _find(request, pk)
    alert_rules.change(one, {}, actor=request.user, follow_settings=True)
    toast(request, f"{one.name} follows the model's settings again.")
    return redirect("monitoring:alert_rules", pk=one.model_id)


@requires(Action.EDIT_POLICY)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    one = _find(request, pk)
    try:
        alert_rules.delete(one, actor=request.user)
        toast(request, f"{one.name} is deleted.", "info")
    except Refused as error:
        toast(request, sentence(error.problems[0].message), "error")
    return redirect("monitoring:alert_rules", pk=one.model_id)


@requires(Action.EDIT_POLICY)
@require_POST
def seed(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The rules that every model starts with, for one that the judge has not looked at yet."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    number = alert_rules.seed(model)
    toast(request, f"{number} rules are added." if number else "All of them are there already.", "success")
    return redirect("monitoring:alert_rules", pk=pk)


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> AlertRule:
    rows = AlertRule.objects.filter(model__workspace=request.workspace)
    return get_object_or_404(rows.select_related("model__workspace", "created_by"), pk=pk)


def _channels(model: RegisteredModel) -> list[Channel]:
    return list(Channel.objects.filter(workspace=model.workspace_id).order_by("name"))


def _form(request: WorkspaceRequest, form: RuleForm) -> HttpResponseBase:
    refused = form.is_bound and bool(form.errors)
    context = {
        "form": form,
        "model": form.model,
        "rule": form.rule,
        "shown": shown.ShownRule(form.rule) if form.rule is not None else None,
        "alerts": form.rule.alerts.count() if form.rule is not None else 0,
        "tried": _tried(form),
        "allowed": allowed(request),
    }
    return render_page(request, EDIT, context, status=422 if refused and "preview" not in request.POST else 200)


def _tried(form: RuleForm) -> dict[str, Any]:
    """{"spec", "chart", "openings", "known", "length", …} of the rule as the form has it; "problem" where it cannot be
    tried."""
    values = _typed(form)
    try:
        rule = _trial(form, values)
    except Refused as error:
        spec = SIGNALS.get(values.get("signal", ""))
        problem = " ".join(sentence(f"{one.field}: {one.message}") for one in error.problems)
        return {"spec": spec, "problem": problem if values.get("threshold") else "", "typed": bool(spec)}
    spec, now = SIGNALS[rule.signal], timezone.now()
    terms = alerting.terms_of(rule)
    length = HALF_A_DAY if spec.is_series else WEEK
    found = past(
        rule.model, spec, now - length, now, window_seconds=rule.window_seconds, minimum_sample=rule.minimum_sample
    )
    known = [read for read in found.reads if read.value is not None]
    return {
        "spec": spec,
        "chart": charts_alerts.course(spec, found, terms, key="rule-course"),
        "openings": openings(terms, found.reads),
        "known": len(known),
        "missing": len(found.reads) - len(known),
        "newest": [(at, spec.figure(value)) for at, value in reversed(found.figures) if value is not None][:5],
        "length": "12 hours" if spec.is_series else "7 days",
        "typed": True,
    }


def _typed(form: RuleForm) -> dict[str, Any]:
    """What stands in the form, whether or not all of it is accepted."""
    values = {name: form[name].value() for name in form.fields if name not in ("channels", "name")}
    if form.rule is not None:
        values = {"signal": form.rule.signal, "comparison": form.rule.comparison} | values
    values = {name: value for name, value in values.items() if value is not None}
    if not values.get("comparison"):
        values["comparison"] = alert_terms.usual_comparison(str(values.get("signal", "")))
    return values


def _trial(form: RuleForm, values: dict[str, Any]) -> AlertRule:
    """Not saved. Raises Refused."""
    if not str(values.get("threshold", "")).strip():
        raise Refused([Problem("threshold", "is missing")])
    clean = alert_terms.cleaned({"name": "Trial", **values}, {**alert_terms.USUAL, "threshold": 0.0})
    return AlertRule(model=form.model, **{**alert_terms.USUAL, **clean})
