"""Promotion, rollback and other steps of a version: a page that shows what will happen, then the act."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from experiments.forms.promotion import NOBODY, ReasonForm
from experiments.models import ModelVersion, RegisteredModel, Stage
from experiments.models.job import JobStateError
from experiments.services import promotion
from experiments.services.deployments import champion, former_champions
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from experiments.views.allowed import allowed
from experiments.views.find_models import find_model, find_version
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action, NotAllowed
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

PROMOTE = "experiments/models/promote.html"
ROLLBACK = "experiments/models/rollback.html"
PROMOTABLE = (Stage.STAGING, Stage.PRODUCTION)


@requires(Action.VIEW, change=Action.PROMOTE_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def promote(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """``to`` is staging or production. The page shows what speaks against it before there is a button."""
    found = find_version(request, pk, version)
    given: Any = request.POST if request.method == "POST" else request.GET
    asked = given.get("to", Stage.PRODUCTION)
    if asked not in PROMOTABLE:
        toast(request, f"“{asked[:40]}” is no stage to promote to; staging and production are.", "error")
        return redirect("experiments:model_version", pk=pk, version=version)
    if request.method != "POST":
        return _promote_page(request, found, Stage(asked), ReasonForm.seeing(champion(found.model)))
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _promote_page(request, found, Stage(asked), form, status=422)
    try:
        change = promotion.promote(
            found, actor=request.user, to_stage=asked, reason=form.cleaned_data["reason"],
            force=form.cleaned_data["force"], seen_champion=form.seen,
        )  # fmt: skip
    except PromotionRefused as error:
        # The page below says each of them; a form that had agreed to none is not at fault.
        form.add_error(None, f"Not done: {error}")
        return _promote_page(request, found, Stage(asked), form, status=409)
    except (Refused, NotAllowed) as error:
        form.refuse(error)
        return _promote_page(request, found, Stage(asked), form, status=422)
    except JobStateError as error:
        return _again(request, str(error), _promote_page, find_version(request, pk, version), Stage(asked))
    done = change.get_to_stage_display().lower()
    toast(request, f"{found.model.name} {found.number} is in {done}{', forced' if change.forced else ''}.")
    return redirect("experiments:model", pk=pk)


@requires(Action.VIEW, change=Action.PROMOTE_MODEL)
@require_http_methods(["GET", "HEAD", "POST"])
def rollback(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Back to the champion before, or to the former one that is chosen."""
    model = find_model(request, pk)
    if request.method != "POST":
        return _rollback_page(request, model, ReasonForm.seeing(champion(model)))
    form = ReasonForm(request.POST)
    target = _target(model, request.POST.get("to_version", ""))
    if not form.is_valid():
        return _rollback_page(request, model, form, status=422)
    try:
        change = promotion.rollback(
            model, actor=request.user, reason=form.cleaned_data["reason"], to_version=target, seen_champion=form.seen
        )
    except Refused as error:
        form.refuse(error)
        return _rollback_page(request, model, form, status=422)
    except JobStateError as error:
        return _again(request, str(error), _rollback_page, model)
    toast(request, f"{model.name} is back on {change.version.number}.")
    return redirect("experiments:model", pk=pk)


@requires(Action.PROMOTE_MODEL)
@require_POST
def move(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """Archived, or back to development; ``stage`` is where the page saw it."""
    found = find_version(request, pk, version)
    to, seen = request.POST.get("to", ""), request.POST.get("stage", found.stage)
    if to in PROMOTABLE:
        return redirect("experiments:model_promote", pk=pk, version=version)
    try:
        if seen != found.stage:
            raise JobStateError(f"This changed meanwhile: {found.number} is now in {found.state.label.lower()}.")
        change = promotion.move(found, actor=request.user, to_stage=to, reason=request.POST.get("reason", "")[:10_000])
    except (Refused, PromotionRefused, JobStateError) as error:
        toast(request, error.problems[0].message if isinstance(error, Refused) else str(error), "error")
    else:
        was_live = change.from_stage == Stage.PRODUCTION
        rest = f" No version of {found.model.name} is in production now." if was_live else ""
        toast(request, f"{found.number} is in {change.get_to_stage_display().lower()}.{rest}", "info")
    return redirect("experiments:model_version", pk=pk, version=version)


def _target(model: RegisteredModel, text: str) -> ModelVersion | None:
    """The former champion of this id; none (the one before) for anything else."""
    return next((version for version in former_champions(model) if str(version.pk) == text), None)


def _again(request: WorkspaceRequest, words: str, page: Any, subject: Any, *rest: Any) -> HttpResponse:
    """The page as things stand now, with what happened meanwhile; the reason that was typed is kept."""
    model = subject.model if isinstance(subject, ModelVersion) else subject
    form = ReasonForm.seeing(champion(model), reason=request.POST.get("reason", ""))
    answer: HttpResponse = page(request, subject, *rest, form, status=409, changed=words)
    return answer


def _promote_page(
    request: WorkspaceRequest,
    version: ModelVersion,
    to: Stage,
    form: ReasonForm,
    *,
    status: int = 200,
    changed: str = "",
) -> HttpResponse:
    assessment = promotion.assess(version, to)
    may_force = allowed(request)[Action.DEPLOY_MODEL.value]
    context = {
        "model": version.model,
        "version": version,
        "to": to,
        "live": champion(version.model),
        "blockers": assessment.blockers,
        "gate": assessment.gate,
        "forcible": bool(assessment.blockers) and assessment.can_force,
        "may_force": may_force,
        "form": form,
        "changed": changed,
        "allowed": allowed(request),
    }
    return render_page(request, PROMOTE, context, status=status)


def _rollback_page(
    request: WorkspaceRequest, model: RegisteredModel, form: ReasonForm, *, status: int = 200, changed: str = ""
) -> HttpResponse:
    former = former_champions(model)
    context = {
        "model": model,
        "live": champion(model),
        "former": former,
        "chosen": _target(model, request.POST.get("to_version", request.GET.get("to", ""))) or next(iter(former), None),
        "form": form,
        "changed": changed,
        "nobody": NOBODY,
        "allowed": allowed(request),
    }
    return render_page(request, ROLLBACK, context, status=status)
