"""JSON API of the registry (F218): models, their versions, promotion, rollback, and what was live when."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import ConfigDict

from experiments.api import ERRORS, Error
from experiments.api_history import refuse_unknown
from experiments.api_once import once
from experiments.api_registry_documents import (
    STAGES,
    AssessmentAnswer,
    ChangeAnswer,
    ChangeList,
    LiveAnswer,
    ModelAnswer,
    ModelList,
    VersionAnswer,
    VersionList,
    assessment_document,
    change_document,
    live_document,
    model_document,
    stage_of,
    version_document,
)
from experiments.models import Experiment, ModelVersion, RegisteredModel, Stage, StageChange
from experiments.selectors import registry as rows
from experiments.services import promotion, registry
from experiments.services.model_fields import Changes
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["registry"])
ROOT = "/ml-development/models"
CONFLICT: dict[int, Any] = {409: Error, **ERRORS}


class Paging(Schema):
    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000)


class Asked(Paging):
    q: str = Field("", max_length=200, description="Part of a name or description, or a tag.")
    family: str = Field("", max_length=20)
    status: str = Field("", max_length=20, description=f"Models with a version that is {STAGES}.")
    owner: str = Field("", max_length=200, description="E-mail address or part of a name.")
    tag: str = Field("", max_length=60)
    recipe: uuid.UUID | None = None
    archived: bool = False


class AskedVersions(Paging):
    status: str = Field("", max_length=20, description=STAGES)


class Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class Register(Strict):
    """A completed training run becomes a version."""

    run: uuid.UUID | None = Field(None, description="Id of the run.")
    number: str = Field("", max_length=40, description="Such as 1.2.0; left out, the next one by rule.")
    notes: str = Field("", max_length=10_000)


class RegisterAs(Register):
    name: str = Field("", max_length=200, description="Name of the model; made where there is none of this name.")


class ModelChanges(Strict):
    """What is left out stays as it is."""

    name: str | None = None
    description: str | None = None
    owner: str | None = Field(None, description="E-mail address of a member; empty for nobody.")
    tags: list[str] | None = Field(None, max_length=20)
    headline: str | None = None
    minimum_improvement: float | None = None
    archived: bool | None = Field(None, description="true archives the model, false brings it back.")


class Promote(Strict):
    to_status: str = Field("production", max_length=20, description="production or staging")
    reason: str = Field("", max_length=10_000)
    force: bool = Field(False, description="Overrules blockers that can be; needs a reason of 10 characters.")
    in_production: str | None = Field(
        None, max_length=40, description="Number you saw there, empty for none; another by now refuses the call."
    )


class MoveTo(Strict):
    to_status: str = Field("", max_length=20, description="draft or retired")
    reason: str = Field("", max_length=10_000)


class RollBack(Strict):
    to: str = Field("", max_length=40, description="Number of a former version; left out, the one before.")
    reason: str = Field("", max_length=10_000)
    in_production: str | None = Field(
        None, max_length=40, description="Number you saw there, empty for none; another by now refuses the call."
    )


class At(Schema):
    at: dt.datetime | None = Field(None, description="ISO 8601 with a zone; left out, now.")


@router.get(ROOT, response={200: ModelList, **ERRORS}, summary="List models")
@requires_api(Action.VIEW)
def registered_models(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """By name, with the version in production of each."""
    refuse_unknown(request, Asked)
    found = rows.models(
        request.workspace,
        q=asked.q,
        family=asked.family,
        stage=_stage("status", asked.status),
        owner=asked.owner,
        tag=asked.tag,
        recipe=asked.recipe,
        archived=asked.archived,
    )
    page = list(found[asked.offset : asked.offset + asked.limit])
    uris = rows.model_uris(page)
    return {"data": [_listed(model, uris[model.pk]) for model in page], "count": found.count()}


@router.post(ROOT, response={201: VersionAnswer, **CONFLICT}, summary="Register a run as a version of a model")
@requires_api(Action.REGISTER_MODEL)
def registered_model_register(request: WorkspaceRequest, asked: RegisterAs) -> Status[Any]:
    """Send `Idempotency-Key` to make repeating the call safe: it answers with the version the first call made."""
    if not asked.name.strip():
        raise Refused([Problem("name", "is missing; accepted: the name of a model, new or not")])
    return Status(201, {"data": _register(request, asked, name=asked.name)})


@router.get(ROOT + "/{model_id}", response={200: ModelAnswer, **ERRORS}, summary="One model")
@requires_api(Action.VIEW)
def registered_model(request: WorkspaceRequest, model_id: uuid.UUID) -> Any:
    return {"data": _document(_model(request, model_id))}


@router.put(ROOT + "/{model_id}", response={200: ModelAnswer, **CONFLICT}, summary="Change a model")
@requires_api(Action.REGISTER_MODEL)
def registered_model_change(request: WorkspaceRequest, model_id: uuid.UUID, changes: ModelChanges) -> Any:
    """Name, description, owner, tags and what the gate asks for. `archived` is applied last, `false` first."""
    model = _model(request, model_id)
    if changes.archived is False:
        model = registry.restore_model(model, actor=request.user)
    given = {key: value for key, value in changes.model_dump(exclude={"archived"}).items() if value is not None}
    if "owner" in given:
        given["owner"] = _person(given["owner"])
    if given:
        model = registry.edit_model(model, actor=request.user, changes=Changes(**given))
    if changes.archived:
        registry.archive_model(model, actor=request.user)
    return {"data": _document(_model(request, model_id))}


@router.get(ROOT + "/{model_id}/versions", response={200: VersionList, **ERRORS}, summary="Versions of a model")
@requires_api(Action.VIEW)
def registered_model_versions(request: WorkspaceRequest, model_id: uuid.UUID, asked: Query[AskedVersions]) -> Any:
    model = _model(request, model_id)
    refuse_unknown(request, AskedVersions)
    found = rows.versions(model, stage=_stage("status", asked.status))
    page = found[asked.offset : asked.offset + asked.limit]
    return {"data": [version_document(version) for version in page], "count": found.count()}


@router.post(ROOT + "/{model_id}/versions", response={201: VersionAnswer, **CONFLICT}, summary="Register a version")
@requires_api(Action.REGISTER_MODEL)
def registered_model_version_register(request: WorkspaceRequest, model_id: uuid.UUID, asked: Register) -> Status[Any]:
    return Status(201, {"data": _register(request, asked, model=_model(request, model_id))})


@router.get(ROOT + "/{model_id}/versions/{version_id}", response={200: VersionAnswer, **ERRORS}, summary="One version")
@requires_api(Action.VIEW)
def registered_model_version(request: WorkspaceRequest, model_id: uuid.UUID, version_id: uuid.UUID) -> Any:
    return {"data": _with_files(_version(request, model_id, version_id))}


@router.get(
    ROOT + "/{model_id}/versions/{version_id}/promotion",
    response={200: AssessmentAnswer, **ERRORS},
    summary="What speaks against a promotion",
)
@requires_api(Action.VIEW)
def registered_model_assess(
    request: WorkspaceRequest, model_id: uuid.UUID, version_id: uuid.UUID, to_status: str = "production"
) -> Any:
    """The gate and every blocker, as a promotion would find them now."""
    version = _version(request, model_id, version_id)
    stage = _promotable(to_status)
    found = promotion.assess(version, stage)
    return {"data": assessment_document(stage, found.blockers, found.gate)}


@router.post(
    ROOT + "/{model_id}/versions/{version_id}/promote",
    response={200: ChangeAnswer, **CONFLICT},
    summary="Promote a version",
)
@requires_api(Action.PROMOTE_MODEL)
def registered_model_promote(
    request: WorkspaceRequest, model_id: uuid.UUID, version_id: uuid.UUID, asked: Promote
) -> Any:
    """To production, where it takes the champion's place, or to staging. Blockers are answered with 409, one error
    each, with `can_force`. Send `Idempotency-Key` to make repeating the call safe."""
    version = _version(request, model_id, version_id)
    stage = _promotable(asked.to_status)

    def act() -> int:
        change = promotion.promote(
            version,
            actor=request.user,
            to_stage=stage,
            reason=asked.reason,
            force=asked.force,
            through="api",
            seen_champion=_seen(version.model, asked.in_production),
        )
        return change.pk

    return _changed(once(request, act))


@router.post(
    ROOT + "/{model_id}/versions/{version_id}/move",
    response={200: ChangeAnswer, **CONFLICT},
    summary="Retire a version, or bring it back to draft",
)
@requires_api(Action.PROMOTE_MODEL)
def registered_model_move(request: WorkspaceRequest, model_id: uuid.UUID, version_id: uuid.UUID, asked: MoveTo) -> Any:
    """Retiring the version in production leaves nothing live."""
    version = _version(request, model_id, version_id)
    stage = _stage("to_status", asked.to_status)
    if stage not in (Stage.DEVELOPMENT, Stage.ARCHIVED):
        raise Refused([Problem("to_status", f"{asked.to_status!r} is not accepted; draft or retired is")])

    def act() -> int:
        change = promotion.move(version, actor=request.user, to_stage=stage, reason=asked.reason, through="api")
        return change.pk

    return _changed(once(request, act))


@router.post(ROOT + "/{model_id}/rollback", response={200: ChangeAnswer, **CONFLICT}, summary="Roll a model back")
@requires_api(Action.PROMOTE_MODEL)
def registered_model_rollback(request: WorkspaceRequest, model_id: uuid.UUID, asked: RollBack) -> Any:
    """Puts the version that was in production before back there; the gate is not asked. Two calls go two versions
    back, so send `Idempotency-Key`, or `in_production`, where a call may be repeated."""
    model = _model(request, model_id)

    def act() -> int:
        change = promotion.rollback(
            model,
            actor=request.user,
            reason=asked.reason,
            to_version=_numbered(model, asked.to) if asked.to else None,
            through="api",
            seen_champion=_seen(model, asked.in_production),
        )
        return change.pk

    return _changed(once(request, act))


@router.get(ROOT + "/{model_id}/live", response={200: LiveAnswer, **ERRORS}, summary="What was live at a moment")
@requires_api(Action.VIEW)
def registered_model_live(request: WorkspaceRequest, model_id: uuid.UUID, asked: Query[At]) -> Any:
    model = _model(request, model_id)
    refuse_unknown(request, At)
    at = asked.at or timezone.now()
    if timezone.is_naive(at):
        raise Refused([Problem("at", f"{at.isoformat()} has no time zone; accepted: 2026-11-21T09:30:00Z or +01:00")])
    return {"data": live_document(at, rows.live_at(model, at))}


@router.get(ROOT + "/{model_id}/history", response={200: ChangeList, **ERRORS}, summary="Every step of a model")
@requires_api(Action.VIEW)
def registered_model_history(request: WorkspaceRequest, model_id: uuid.UUID, asked: Query[Paging]) -> Any:
    found = rows.history(_model(request, model_id))
    page = found[asked.offset : asked.offset + asked.limit]
    return {"data": [change_document(change) for change in page], "count": found.count()}


def _register(
    request: WorkspaceRequest, asked: Register, *, model: RegisteredModel | None = None, name: str = ""
) -> dict[str, Any]:
    if asked.run is None:
        raise Refused([Problem("run", "is missing; accepted: the id of a completed training run")])
    run = Experiment.objects.filter(workspace=request.workspace, pk=asked.run, deleted_at__isnull=True).first()
    if run is None:
        raise Refused([Problem("run", f"there is no run {asked.run} in this workspace")])
    if request.headers.get("Idempotency-Key") and (known := _known(request, run, model, name)):
        return _with_files(known)
    try:
        version = registry.register(
            run, actor=request.user, model=model, model_name=name, number=asked.number or None, notes=asked.notes,
            through="api",
        )  # fmt: skip
    except Refused as error:
        raise Refused(
            [Problem("run" if one.field == "experiment" else one.field, one.message) for one in error.problems]
        ) from error
    return _with_files(version)


def _known(request: WorkspaceRequest, run: Experiment, model: RegisteredModel | None, name: str) -> ModelVersion | None:
    """The version that the same person made of this run before: a run is one version of a model at most."""
    found = ModelVersion.objects.filter(experiment=run, created_by=request.user)
    if model is not None:
        return found.filter(model=model).first()
    return found.filter(model__name=name.strip(), model__archived_at__isnull=True).first()


def _model(request: WorkspaceRequest, pk: uuid.UUID) -> RegisteredModel:
    return get_visible_or_404(RegisteredModel, request, pk)


def _version(request: WorkspaceRequest, model_id: uuid.UUID, version_id: uuid.UUID) -> ModelVersion:
    found = rows.versions(_model(request, model_id)).filter(pk=version_id).first()
    if found is None:
        raise Http404
    return found


def _listed(model: RegisteredModel, uri: str) -> dict[str, Any]:
    """From a row with what the list's query brought along."""
    live = next(iter(cast(Any, model).production), None)
    return model_document(model, production=live, versions=cast(Any, model).version_count, uri=uri)


def _document(model: RegisteredModel) -> dict[str, Any]:
    live, count = rows.champion(model), model.versions.count()
    return model_document(model, production=live, versions=count, uri=rows.model_uri(model))


def _with_files(version: ModelVersion) -> dict[str, Any]:
    files = [
        {"name": file.name, "kind": file.kind, "size_bytes": file.size_bytes, "sha256": file.sha256}
        for file in version.files.all()
    ]
    return {**version_document(version), "files": files}


def _changed(pk: int) -> dict[str, Any]:
    return {"data": change_document(StageChange.objects.select_related("version", "by").get(pk=pk))}


def _stage(field: str, word: str) -> str:
    stage = stage_of(word)
    if word and not stage:
        raise Refused([Problem(field, f"{word!r} is not known; accepted: {STAGES}")])
    return stage


def _promotable(word: str) -> str:
    stage = _stage("to_status", word)
    if stage not in (Stage.PRODUCTION, Stage.STAGING):
        raise Refused([Problem("to_status", f"{word!r} is not accepted; production or staging is")])
    return stage


def _numbered(model: RegisteredModel, number: str) -> ModelVersion:
    try:
        return rows.numbered(model, number)
    except rows.NotFound as error:
        raise Refused([Problem("to", str(error))]) from error


def _seen(model: RegisteredModel, number: str | None) -> Any:
    """What a caller says it saw in production, as promotion asks for it."""
    if number is None:
        return promotion.ANY
    return _numbered(model, number).pk if number.strip() else None


def _person(email: str) -> User | None:
    if not email.strip():
        return None
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise Refused([Problem("owner", f"there is no person {email[:100]!r}; accepted: the address of a member")])
    return found
