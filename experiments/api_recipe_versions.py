"""JSON API of recipes' versions (F217) and synthetic examples (F221)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from ninja import Query, Router
from ninja import Status as Answer

from experiments.api import ERRORS
from experiments.api_history import refuse_unknown
from experiments.api_recipes import ONE, WITH_MATCH, Paging
from experiments.api_recipes_documents import (
    ExampleAnswer,
    NewExample,
    NewVersion,
    VersionAnswer,
    VersionList,
    Words,
    example_document,
    version_document,
    whole_version_document,
)
from experiments.api_recipes_lookup import check_match, named_version, recipe_of, refuse_repeated_names, version_of
from experiments.models import RecipeExample
from experiments.services import recipe_examples, recipes
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["recipes"])
VERSIONS = ONE + "/versions"


@router.get(VERSIONS, response={200: VersionList, **ERRORS}, summary="Versions of a recipe")
@requires_api(Action.VIEW)
def recipe_versions(request: WorkspaceRequest, recipe_id: uuid.UUID, asked: Query[Paging]) -> Any:
    """The newest first, each with what it changed."""
    refuse_unknown(request, Paging)
    found = recipe_of(request, recipe_id).versions.select_related("created_by", "approved_by")
    page = found.defer("manifest", "effective")[asked.offset : asked.offset + asked.limit]
    return {"data": [version_document(version) for version in page], "count": found.count()}


@router.post(VERSIONS, response={201: VersionAnswer, **WITH_MATCH}, summary="Save a version")
@requires_api(Action.EDIT_RECIPE)
def recipe_version_save(request: WorkspaceRequest, recipe_id: uuid.UUID, asked: NewVersion) -> Answer[Any]:
    """A new draft; versions never change. `If-Match`, or `expected_latest`, refuses where somebody was quicker."""
    recipe = recipe_of(request, recipe_id)
    refuse_repeated_names(request)
    if asked.manifest is None:
        raise Refused([Problem("manifest", "is left out; accepted: what this level says, {} for nothing")])
    with transaction.atomic():
        check_match(request, recipe_id)
        version = recipes.save_version(
            recipe,
            actor=request.user,
            manifest=asked.manifest,
            number=asked.number,
            change_note=asked.change_note,
            parent_version=named_version(request, asked.parent_version),
            expected_latest=asked.expected_latest,
        )
    return Answer(201, {"data": whole_version_document(version_of(request, recipe_id, version.pk))})


@router.get(VERSIONS + "/{version_id}", response={200: VersionAnswer, **ERRORS}, summary="One version")
@requires_api(Action.VIEW)
def recipeversion_of(request: WorkspaceRequest, recipe_id: uuid.UUID, version_id: uuid.UUID) -> Any:
    return {"data": whole_version_document(version_of(request, recipe_id, version_id))}


@router.post(VERSIONS + "/{version_id}/approve", response={200: VersionAnswer, **ERRORS}, summary="Approve a version")
@requires_api(Action.APPROVE_RECIPE)
def recipe_version_approve(request: WorkspaceRequest, recipe_id: uuid.UUID, version_id: uuid.UUID, asked: Words) -> Any:
    """Older approved versions stay approved. The version it inherits from must be approved before it."""
    recipes.approve(version_of(request, recipe_id, version_id), actor=request.user, note=asked.note)
    return {"data": whole_version_document(version_of(request, recipe_id, version_id))}


@router.post(VERSIONS + "/{version_id}/archive", response={200: VersionAnswer, **ERRORS}, summary="Archive a version")
@requires_api(Action.APPROVE_RECIPE)
def recipe_version_archive(request: WorkspaceRequest, recipe_id: uuid.UUID, version_id: uuid.UUID, asked: Words) -> Any:
    """No run starts from it any more; runs and children that have it keep it."""
    recipes.archive_version(version_of(request, recipe_id, version_id), actor=request.user, reason=asked.note)
    return {"data": whole_version_document(version_of(request, recipe_id, version_id))}


@router.get(ONE + "/synthetic-example", response={200: ExampleAnswer, **ERRORS}, summary="The example of a recipe")
@requires_api(Action.VIEW)
def recipe_example(request: WorkspaceRequest, recipe_id: uuid.UUID) -> Any:
    """Columns, first rows and truth of the synthetic data, its dataset and its run; null until `POST` makes one."""
    rows = RecipeExample.objects.filter(recipe=recipe_of(request, recipe_id)).select_related("experiment")
    found = rows.first()
    return {"data": example_document(found) if found is not None else None}


@router.post(ONE + "/synthetic-example", response={201: ExampleAnswer, **ERRORS}, summary="Make the example")
@requires_api(Action.LAUNCH_TRAINING)
def recipe_example_make(request: WorkspaceRequest, recipe_id: uuid.UUID, asked: NewExample) -> Answer[Any]:
    """Takes seconds, as the data is made. The same seed again answers with what is there."""
    made = recipe_examples.make_example(
        recipe_of(request, recipe_id), actor=request.user, seed=asked.seed, launch=asked.launch, through="api"
    )
    return Answer(201, {"data": example_document(made)})
