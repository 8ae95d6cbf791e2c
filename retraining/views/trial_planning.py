"""Planning a trial: the form, and beside it what its size can show. A GET works the plan out, a POST keeps it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from experiments.learning.families import Family
from experiments.models import ModelVersion, RegisteredModel
from experiments.models.job import JobStateError
from experiments.services.deployments import champion
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from mlopspro.accounts.access import get_visible_or_404, requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.charts import Axis
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast
from retraining import charts_trials
from retraining.forms_trials import USUAL, TrialForm, initial_of
from retraining.models import Trial
from retraining.selectors.trial_list import OPEN
from retraining.selectors.trial_planner import Planner, Wanted, planner
from retraining.services import trials
from retraining.services.trial_metrics import CREDIT, spec_of
from retraining.views.trials import of_request

TEMPLATE = "retraining/trial_new.html"
MOST_VERSIONS = 20


@requires(Action.VIEW, change=Action.DEPLOY_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """A sensible design is filled in: the newest version, half of the users, two weeks."""
    model = get_visible_or_404(RegisteredModel, request, pk)
    return _page(request, model, None, _usual(model))


@requires(Action.VIEW, change=Action.DEPLOY_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """The same for a draft; a trial that was started keeps its plan."""
    trial = of_request(request, pk)
    if trial.state != Trial.State.DRAFT:
        toast(request, "The plan of a trial that was started stays as it is.", level="info")
        return redirect("retraining:trial", pk=pk)
    arms = list(trial.arms.select_related("version"))
    share = 1 - sum(one.share for one in arms)
    initial = initial_of(trial.plan) | {name: getattr(trial, name) for name in ("name", "kind", "method", "metric")}
    initial |= {"variants": [one.version.number for one in arms], "control_share": round(100 * share, 4)}
    return _page(request, trial.model, trial, {**USUAL, **initial, "given": "planned_users"})


def _page(
    request: WorkspaceRequest, model: RegisteredModel, trial: Trial | None, initial: dict[str, Any]
) -> HttpResponse:
    options: dict[str, Any] = {
        "variants": [(one.number, _label(one)) for one in _versions(model)],
        "metrics": [(name, spec.title) for name, spec in trials.choices(model).items()],
        "lists": not Family(model.family).is_tabular,
        "initial": initial,
    }
    given = request.POST if request.method == "POST" else request.GET if "kind" in request.GET else None
    form = TrialForm(given, **options)
    values = form.cleaned_data if form.is_valid() or form.is_bound else initial
    found = _planner(model, form, values)
    if request.method == "POST" and form.is_valid():
        try:
            document = form.document() | found.terms()
            kept = (
                trials.change(trial, document, actor=request.user)
                if trial
                else trials.draft(model, document, actor=request.user)
            )
        except Refused as error:
            form.refuse(error.problems)
        except JobStateError as error:
            form.add_error(None, str(error))
        else:
            toast(request, "The plan is saved. Nothing runs until you start it.")
            return redirect("retraining:trial", pk=kept.pk)
    context = {
        "model": model,
        "trial": trial,
        "heading": f"Plan of {trial.name}" if trial else "New trial",
        "form": form,
        "champion": champion(model),
        "planner": found,
        "reach": _chart(found, values),
        "allowed": allowed(request),
    }
    refused = request.method == "POST" and bool(form.errors)
    return render_page(request, TEMPLATE, context, partial="planner", status=422 if refused else 200)


def _planner(model: RegisteredModel, form: TrialForm, values: dict[str, Any]) -> Planner:
    """What stands on the page is planned; figures that are not accepted are named instead."""
    given = values.get("given") or "days"
    wrong = [form.fields[name].label for name in form.planned_by() if name in form.errors]
    if wrong:
        return Planner(given, problem=f"Not accepted yet: {', '.join(map(str, wrong))}.")
    wanted = Wanted(
        metric=_metric(values),
        given=given,
        size=float(values.get(given) or 0),
        variants=max(1, len(values.get("variants") or ())),
        control_share=values["control_share"] / 100,
        alpha=values["alpha"] / 100,
        power=values["power"] / 100,
        method=values["method"],
        value=values.get("baseline"),
        scatter=values.get("scatter"),
        users_a_day=values.get("users_a_day"),
    )
    return planner(model, wanted)


def _chart(found: Planner, values: dict[str, Any]) -> Any:
    if not found.curve:
        return None
    spec = spec_of(_metric(values))
    return charts_trials.reach(found.curve, Axis("Difference", spec.unit, minimum=0), found.days)


def _metric(values: dict[str, Any]) -> str:
    return CREDIT if values.get("kind") == Trial.Kind.INTERLEAVING else str(values.get("metric"))


def _usual(model: RegisteredModel) -> dict[str, Any]:
    live, versions = champion(model), _versions(model)
    newest = versions[0].number if versions else ""
    taken = set(Trial.objects.filter(model=model, name__startswith=newest).values_list("name", flat=True))
    base = f"{newest} against {live.number}" if live else f"{newest} against production"
    names = (base, *(f"{base}, {place}" for place in range(2, 1000)))
    return {
        **USUAL,
        "name": next(one for one in names if one not in taken),
        "variants": [newest],
        "metric": next(iter(trials.choices(model))),
        "control_share": 50,
    }


def _versions(model: RegisteredModel) -> list[ModelVersion]:
    """Those that may be tried: in staging first, the newest first."""
    rows = ModelVersion.objects.filter(model=model, stage__in=OPEN).select_related("experiment")
    return list(rows.order_by("-stage", "-major", "-minor", "-patch")[:MOST_VERSIONS])


def _label(version: ModelVersion) -> str:
    return f"{version.number}, {version.architecture.replace('_', ' ')}, in {version.state.label.lower()}"
