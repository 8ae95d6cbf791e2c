"""What is being tried on users, and what came of it? All trials, and the page of one."""

from __future__ import annotations

import uuid
from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.charts import Axis
from mlopspro.core.formats import number
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page, unchanged, version_of
from retraining import charts_trials
from retraining.models import Trial
from retraining.selectors import trial_list, trials
from retraining.selectors.trial_history import history
from retraining.selectors.trial_plan import plan_rows
from retraining.selectors.trial_table import covered, rows
from retraining.selectors.trial_verdict import COVERED, progress, said, state_of
from retraining.selectors.trials import TrialView
from retraining.services import kill_switch

LIST, ONE = "retraining/trials.html", "retraining/trial.html"
ARMS = "Who was given which version, and what its users did. A version's share is of the users, who stay with it."
UNSOUND = "The split is broken: what stands here was measured, and says nothing of which version is better."
CREDITED = (
    "Users of the new version are shown one list that both have filled in turn; what they choose counts for the "
    "version that brought it. The others see production's own list, and stand here to compare failures and speed."
)


@requires(Action.VIEW)
@require_safe
def listed(request: WorkspaceRequest) -> HttpResponseBase:
    """Running ones first; refreshes itself."""
    found = trial_list.rows(request.workspace)
    version = version_of(
        request.get_full_path(), *((one.trial.pk, one.trial.state, one.said, one.users) for one in found)
    )
    if same := unchanged(request, version):
        return same
    context = {"rows": found, "models": trial_list.models(request.workspace), "allowed": allowed(request)}
    return polled(render_page(request, LIST, context, partial="live"), version=version)


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Verdict, versions, differences with their intervals, checks, plan, history; polls while it runs."""
    found = of_request(request, pk)
    newest = found.readings.order_by("-at").values_list("pk", flat=True).first()
    switch = kill_switch.state_of(request.workspace)
    version = version_of(request.get_full_path(), found.state, found.trouble, newest, switch.stopped)
    if same := unchanged(request, version):
        return same
    view = trials.detail(found)
    context = shown(view) | {"switch": switch, "allowed": allowed(request)}
    if not is_fragment(request):
        fixed = "Fixed at the start, so that nobody moves the goal."
        note = "It can be changed until the trial starts." if found.state == Trial.State.DRAFT else fixed
        context |= {"plan": plan_rows(view), "plan_note": note, "history": history(view.trial)}
    page = render_page(request, ONE, context, partial="live")
    return polled(page, version=version, done=is_fragment(request) and found.state != Trial.State.RUNNING)


def of_request(request: WorkspaceRequest, pk: uuid.UUID) -> Trial:
    """The trial of this id in the person's workspace, else 404."""
    known = Trial.objects.select_related("model__workspace", "created_by")
    return get_object_or_404(known, pk=pk, model__workspace=request.workspace)


def shown(view: TrialView) -> dict[str, Any]:
    """What the polled part of the page is drawn from; what may not be looked at yet is not among it."""
    trial, verdict = view.trial, view.verdict
    control = view.control.number if view.control else "production"
    table, hidden = rows(view), covered(trial, verdict)
    shared = trial.kind == Trial.Kind.INTERLEAVING
    axis = Axis(view.metric.title, view.metric.unit)
    title = f"Preference over {control}" if shared else f"Difference from {control}"
    far = progress(trial, verdict, timezone.now())
    split = verdict["split"]
    broken, unknown = bool(split.get("alarm")), split.get("p_value") is None
    return {
        "trial": trial,
        "spec": view.metric,
        "state": state_of(trial),
        "said": said(trial, verdict if trial.verdict else {}, control),
        "ended": verdict.get("ended", ""),
        "progress": far,
        "users_words": f"{number(far.users)} of {number(far.planned)} users{' who chose' if shared else ''}",
        "end_words": f"Planned end: {far.ends:%Y-%m-%d %H:%M} UTC" if far.ends else "",
        "winner": verdict["winner"] if view.can_promote else None,
        "rows": table,
        "guarded": any(one.guards for one in table),
        "arms_note": UNSOUND if broken else CREDITED if shared else ARMS,
        "better": "higher" if view.metric.better == "above" else "lower",
        "control": control,
        "covered": hidden,
        "covered_words": COVERED,
        "course": None if hidden else charts_trials.course(view.course, axis, title),
        "differences": None if hidden else charts_trials.differences(table, axis, title),
        "split": split,
        "split_tone": "bad" if broken else "neutral" if unknown else "good",
        "split_icon": "triangle-alert" if broken else "circle-dashed" if unknown else "circle-check",
        "left_out": (verdict.get("left_out") or {}).get("sentence", ""),
    }
