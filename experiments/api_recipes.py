"""JSON API of recipes (F216, F217, F221): templates, their immutable versions, and synthetic examples."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from ninja import Field, Query, Router, Schema
from ninja import Status as Answer

from experiments.api import ERRORS, Error
from experiments.api_history import refuse_unknown
from experiments.api_recipes_documents import (
    FAMILIES,
    LEVELS,
    Clone,
    NewRecipe,
    RecipeAnswer,
    RecipeChanges,
    RecipeList,
    Status,
    Words,
    detail_document,
    recipe_document,
)
from experiments.api_recipes_lookup import check_match, etag, named_recipe, one_of, recipe_of, refuse_repeated_names
from experiments.learning.families import Family
from experiments.models import Level
from experiments.selectors import recipes as rows
from experiments.services import recipe_files, recipes
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["recipes"])
ROOT = "/ml-development/recipes"
ONE = ROOT + "/{recipe_id}"
WITH_MATCH: dict[int, Any] = {412: Error, **ERRORS}


class Paging(Schema):
    limit: int = Field(50, ge=1, le=100)
    offset: int = Field(0, ge=0, le=1_000_000)


class Asked(Paging):
    q: str = Field("", max_length=200, description="Words of the name, the description or the tags.")
    family: str = Field("", max_length=20, description=FAMILIES)
    level: str = Field("", max_length=10, description=LEVELS)
    status: Status = Field("", description="Left out: all but archived ones.")
    tag: str = Field("", max_length=60)


class ImportInto(Schema):
    name: str = Field("", max_length=200, description="Another name than the file's.")
    parent: uuid.UUID | None = Field(None, description="Recipe to inherit from; left out, the one of the file's name.")


@router.get(ROOT, response={200: RecipeList, **ERRORS}, summary="List recipes")
@requires_api(Action.VIEW)
def recipe_list(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """By name, with the newest and the newest approved version of each."""
    refuse_unknown(request, Asked)
    one_of("family", asked.family, list(Family))
    one_of("level", asked.level, Level.values)
    found = rows.listed(
        request.workspace, q=asked.q, family=asked.family, level=asked.level, status=asked.status, tag=asked.tag
    )
    page = found[asked.offset : asked.offset + asked.limit]
    return {"data": [recipe_document(recipe) for recipe in page], "count": found.count()}


@router.post(ROOT, response={201: RecipeAnswer, **ERRORS}, summary="Make a recipe")
@requires_api(Action.EDIT_RECIPE)
def recipe_create(request: WorkspaceRequest, asked: NewRecipe) -> Answer[Any]:
    """With a first draft, 0.1.0. Everything wrong with the manifest is said at once, each error with its path."""
    refuse_repeated_names(request)
    made = recipes.create(
        workspace=request.workspace,
        actor=request.user,
        name=asked.name,
        family=asked.family,
        level=asked.level,
        parent=named_recipe(request, "parent", asked.parent),
        manifest=asked.manifest,
        description=asked.description,
        tags=asked.tags,
        change_note=asked.change_note,
    )
    return Answer(201, {"data": detail_document(recipe_of(request, made.pk))})


@router.post(
    ROOT + "/import",
    response={201: RecipeAnswer, **ERRORS},
    summary="Import an exported recipe",
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}},
)
@requires_api(Action.EDIT_RECIPE)
def recipe_import(request: WorkspaceRequest, asked: Query[ImportInto]) -> Answer[Any]:
    """The body is what `GET …/export` answers. Versions come as drafts, with hashes checked, all of them or none."""
    made = recipe_files.import_recipe(
        workspace=request.workspace,
        actor=request.user,
        content=request.body,
        name=asked.name,
        parent=named_recipe(request, "parent", asked.parent),
    )
    return Answer(201, {"data": detail_document(recipe_of(request, made.pk))})


@router.get(ONE, response={200: RecipeAnswer, **ERRORS}, summary="One recipe")
@requires_api(Action.VIEW)
def recipe_one(request: WorkspaceRequest, recipe_id: uuid.UUID, response: HttpResponse) -> Any:
    """With its newest version, where each value of it comes from, and an upgrade that its parent offers. `ETag` goes
    into `If-Match` of what changes it."""
    recipe = recipe_of(request, recipe_id)
    response["ETag"] = etag(recipe)
    return {"data": detail_document(recipe)}


@router.put(ONE, response={200: RecipeAnswer, **WITH_MATCH}, summary="Change name, description or tags")
@requires_api(Action.EDIT_RECIPE)
def recipe_change(
    request: WorkspaceRequest, recipe_id: uuid.UUID, changes: RecipeChanges, response: HttpResponse
) -> Any:
    with transaction.atomic():
        check_match(request, recipe_id)
        recipes.edit(recipe_of(request, recipe_id), actor=request.user, **changes.model_dump())
    recipe = recipe_of(request, recipe_id)
    response["ETag"] = etag(recipe)
    return {"data": detail_document(recipe)}


@router.delete(ONE, response={204: None, **WITH_MATCH}, summary="Delete a draft that nobody uses")
@requires_api(Action.EDIT_RECIPE)
def recipe_delete(request: WorkspaceRequest, recipe_id: uuid.UUID) -> Answer[Any]:
    with transaction.atomic():
        check_match(request, recipe_id)
        recipes.delete(recipe_of(request, recipe_id), actor=request.user)
    return Answer(204, None)


@router.post(ONE + "/clone", response={201: RecipeAnswer, **ERRORS}, summary="Clone a recipe")
@requires_api(Action.EDIT_RECIPE)
def recipe_clone(request: WorkspaceRequest, recipe_id: uuid.UUID, asked: Clone) -> Answer[Any]:
    """A recipe of its own that says what the newest version says; with another level or parent, the same whole."""
    made = recipes.clone(
        recipe_of(request, recipe_id),
        actor=request.user,
        name=asked.name,
        level=asked.level,
        parent=named_recipe(request, "parent", asked.parent),
    )
    return Answer(201, {"data": detail_document(recipe_of(request, made.pk))})


@router.post(ONE + "/archive", response={200: RecipeAnswer, **WITH_MATCH}, summary="Archive a recipe")
@requires_api(Action.APPROVE_RECIPE)
def recipe_archive(request: WorkspaceRequest, recipe_id: uuid.UUID, asked: Words) -> Any:
    """It leaves lists and launches; what runs or was made of it goes on."""
    recipes.archive(recipe_of(request, recipe_id), actor=request.user, reason=asked.note)
    return {"data": detail_document(recipe_of(request, recipe_id))}


@router.post(ONE + "/restore", response={200: RecipeAnswer, **WITH_MATCH}, summary="Bring an archived recipe back")
@requires_api(Action.APPROVE_RECIPE)
def recipe_restore(request: WorkspaceRequest, recipe_id: uuid.UUID) -> Any:
    recipes.restore(recipe_of(request, recipe_id), actor=request.user)
    return {"data": detail_document(recipe_of(request, recipe_id))}


@router.get(ONE + "/export", response={200: dict[str, Any], **ERRORS}, summary="Export a recipe")
@requires_api(Action.VIEW)
def recipe_export(request: WorkspaceRequest, recipe_id: uuid.UUID, response: HttpResponse) -> Any:
    """All versions with notes and hashes, as `POST …/import` reads it: the document itself, without an envelope."""
    response["Content-Disposition"] = f'attachment; filename="recipe-{recipe_id}.json"'
    return recipe_files.export(recipe_of(request, recipe_id))
