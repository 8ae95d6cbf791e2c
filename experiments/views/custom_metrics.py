"""Metrics that people define: the list, one of them, and the live check of an expression."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from experiments.forms.custom_metrics import MetricForm, plain_lines, point_at
from experiments.forms.training import sentence
from experiments.learning.custom_metrics import STANDARD
from experiments.learning.custom_metrics.aggregates import AGGREGATES
from experiments.learning.custom_metrics.functions import FUNCTIONS, OPERATORS
from experiments.models import CustomMetric
from experiments.selectors import custom_metrics as rows
from experiments.services import custom_metrics, custom_values
from experiments.services.spec import Refused, TooMany
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from mlopspro.core.toasts import toast

LIST = "experiments/custom_metrics.html"
EDIT = "experiments/custom_metrics_edit.html"
EXAMPLES = (
    ("NDCG of users with at least 5 relevant items", "mean(catalogue.ndcg_at_10 where relevant >= 5)"),
    ("Users whose first relevant item is among the first 3", "catalogue: share(first_rank <= 3)"),
    ("Reciprocal rank without a cut-off", "catalogue: mean(1 / first_rank)"),
    ("Precision over all recommendations together", "rated: sum(hits_at_10) / sum(recommended_at_10)"),
    ("Error that 9 of 10 users stay below", "pointwise: quantile(sqrt(squared_error / ratings), 0.9)"),
    ("NDCG lost by new users", "mean(catalogue.ndcg_at_10) - mean(catalogue.ndcg_at_10 where new_users)"),
    ("Ranking against rating", "metrics.catalogue.ndcg_at_10 / (1 + metrics.pointwise.rmse)"),
)
REFERENCE = {
    "columns": STANDARD.per_user,
    "figures": STANDARD.metrics,
    "segments": STANDARD.segments,
    "aggregates": AGGREGATES.values(),
    "functions": FUNCTIONS.values(),
    "operators": [operator for name, operator in OPERATORS.items() if name != "sign +"],
    "examples": EXAMPLES,
}


@requires(Action.VIEW)
@require_safe
def metric_list(request: WorkspaceRequest) -> HttpResponseBase:
    """All metrics; while some are being computed the list asks again by itself."""
    archived = request.GET.get("archived") == "1"
    states = rows.listed(request.workspace, archived=archived)
    computing = any(state.pending for state in states)
    version = version_of(
        *((s.metric.pk, s.metric.version, s.metric.label, s.valued, s.reasons, s.runs) for s in states)
    )
    if same := unchanged(request, version):
        return same
    context = {"states": states, "archived": archived, "computing": computing, "allowed": allowed(request)}
    return polled(
        render_page(request, LIST, context, partial="states"),
        version=version,
        done=is_fragment(request) and not computing,
    )


@requires(Action.EDIT_EXPERIMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: WorkspaceRequest) -> HttpResponseBase:
    if request.method != "POST":
        return _form(request, MetricForm(initial={"expression": request.GET.get("expression", "")[:1000]}))
    form = MetricForm(request.POST)
    spec = form.asked()
    if spec is None or _only_checking(request):
        return _form(request, form)
    try:
        metric = custom_metrics.create(workspace=request.workspace, actor=request.user, spec=spec)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form, status=429 if isinstance(error, TooMany) else 422)
    toast(request, f"{metric.label} is defined and being computed for all runs.")
    return redirect("experiments:custom_metrics")


@requires(Action.VIEW, change=Action.EDIT_EXPERIMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """One metric: what it is, how far it is, which runs lack it; and its form for those who may change it."""
    metric = _find(request, pk)
    if request.method != "POST":
        return _form(request, MetricForm(metric=metric), metric)
    form = MetricForm(request.POST, metric=metric)
    changes = form.asked()
    if changes is None or _only_checking(request):
        return _form(request, form, metric)
    try:
        changed = custom_metrics.edit(metric, request.user, changes)
    except Refused as error:
        form.refuse(error.problems)
        return _form(request, form, metric, status=422)
    computed = changed.version != metric.version
    toast(request, f"{changed.label} is saved{' and being computed again for all runs' if computed else ''}.")
    return redirect("experiments:custom_metric", pk=pk)


@requires(Action.EDIT_EXPERIMENT)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: WorkspaceRequest) -> HttpResponseBase:
    """What an expression is, as it is typed: the error at its place, or its value on the chosen run. Changes nothing;
    the page posts, since what is pasted may be longer than an address."""
    given = request.POST if request.method == "POST" else request.GET
    text = plain_lines(given.get("expression", ""))
    if not is_fragment(request):
        return redirect(reverse("experiments:custom_metric_create") + "?" + urlencode({"expression": text[:1000]}))
    return render_page(request, EDIT, _checked(request, text, given.get("run", "")), partial="check")


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def archive(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    metric = custom_metrics.archive(_find(request, pk), request.user)
    toast(request, f"{metric.label} is archived; its values left all lists.", "info")
    return redirect("experiments:custom_metrics")


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def restore(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    try:
        metric = custom_metrics.restore(_find(request, pk), request.user)
        toast(request, f"{metric.label} is back and being computed for all runs.")
    except Refused as error:
        toast(request, sentence(error.problems[0].message), "error")
    return redirect("experiments:custom_metric", pk=pk)


@requires(Action.EDIT_EXPERIMENT)
@require_POST
def try_again(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    count = custom_metrics.try_again(_find(request, pk), request.user)
    words = f"{count} runs are being computed again." if count != 1 else "One run is being computed again."
    toast(request, words if count else "No run lacks a value.", "info")
    return redirect("experiments:custom_metric", pk=pk)


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> CustomMetric:
    return get_object_or_404(visible(CustomMetric, request).select_related("workspace", "created_by"), pk=pk)


def _form(
    request: WorkspaceRequest, form: MetricForm, metric: CustomMetric | None = None, status: int = 0
) -> HttpResponse:
    text = plain_lines(str(form["expression"].value() or ""))
    context: dict[str, Any] = {"form": form, "metric": metric, "reference": REFERENCE, "allowed": allowed(request)}
    context |= _checked(request, text, request.POST.get("run", request.GET.get("run", "")))
    if metric is not None:
        key = f"metrics.custom.{metric.name}"
        query = urlencode(
            {"columns": f"name,created_at,dataset,{key}", "sort": f"{'-' if metric.higher_is_better else ''}{key}"}
        )
        context |= {"state": rows.state_of(metric), "without": rows.runs_without(metric)}
        context["column_url"] = f"{reverse('experiments:experiments')}?{query}"
    refused = form.is_bound and bool(form.errors) and not _only_checking(request)
    return render_page(request, EDIT, context, status=status or (422 if refused else 200))


def _only_checking(request: WorkspaceRequest) -> bool:
    """The button of browsers without scripts: looks at the expression and saves nothing."""
    return "check" in request.POST


def _checked(request: WorkspaceRequest, text: str, asked: str) -> dict[str, Any]:
    """``pointed`` at what is wrong, or ``outcome`` on the run; neither where nothing is typed or no run is there."""
    runs = rows.recent_runs(request.workspace)
    run = next((one for one in runs if str(one.pk) == asked), runs[0] if runs else None)
    found: dict[str, Any] = {"runs": runs, "run": run, "pointed": None, "outcome": None, "typed": bool(text.strip())}
    if text.strip():
        found["pointed"] = point_at(text)
        if found["pointed"] is None and run is not None:
            found["outcome"] = custom_values.preview(run, text)
    return found
