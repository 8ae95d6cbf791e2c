"""Recipes and their versions as the API tells and takes them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from experiments.api import Envelope
from experiments.learning.families import Family
from experiments.models import Recipe, RecipeExample, RecipeVersion
from experiments.recipes.completing import arranged
from experiments.recipes.differences import Change
from experiments.selectors import recipes as rows

FAMILIES = ", ".join(Family)
LEVELS = "baseline, industry or client"


class RecipeOut(Schema):
    id: uuid.UUID
    name: str
    description: str
    family: str = Field(description=FAMILIES)
    level: str = Field(description=LEVELS)
    status: str = Field(description="draft, approved or archived")
    parent: uuid.UUID | None
    cloned_from: uuid.UUID | None
    is_seeded: bool = Field(description="A baseline that ships with the product.")
    tags: list[str]
    latest: str = Field(description="Number of the newest version.")
    approved: str = Field(description="Number of the newest approved version; empty where there is none.")
    versions: int
    created_by: str
    created_at: dt.datetime
    updated_at: dt.datetime


class ChangeOut(Schema):
    path: str
    kind: str = Field(description="added, removed or changed")
    before: Any
    after: Any


class ConflictOut(Schema):
    """The parent changed what this recipe overrides; its own value stays."""

    path: str
    parent_before: Any
    parent_after: Any
    own: Any


class UpgradeOut(Schema):
    """A newer approved version of the parent: save a version with it as `parent_version` to take it up."""

    current: str
    offered: str
    parent_version: uuid.UUID
    number: str = Field(description="Proposed for the version that takes it up.")
    changes: list[ChangeOut]
    conflicts: list[ConflictOut]
    problems: list[dict[str, str]] = Field(description="Why it cannot be taken up as it is; empty where it can.")


class VersionOut(Schema):
    id: uuid.UUID
    recipe: uuid.UUID
    number: str
    status: str
    parent_version: uuid.UUID | None
    effective_sha256: str
    change_note: str
    changes: list[ChangeOut] = Field(description="Of the effective manifest, from the version before it.")
    created_by: str
    created_at: dt.datetime
    approved_by: str
    approved_at: dt.datetime | None


class VersionDetail(VersionOut):
    manifest: dict[str, Any] = Field(description="What this level says: a merge patch (RFC 7396) on its parent's.")
    effective: dict[str, Any] = Field(description="The whole, as runs take it.")
    origins: dict[str, str] = Field(description="Path of each value to the level that says it, or default.")


class RecipeDetail(RecipeOut):
    children: list[uuid.UUID]
    models: int
    runs: int
    latest_version: VersionDetail
    upgrade: UpgradeOut | None


class ExampleOut(Schema):
    """Synthetic data whose truth is known, and a run on it."""

    seed: int
    columns: list[dict[str, Any]] = Field(description="name, type, role and description of each.")
    sample_rows: list[dict[str, Any]]
    truth: dict[str, Any] = Field(description="What the process really does; `process` says it in words.")
    dataset: uuid.UUID | None
    run: uuid.UUID | None
    run_status: str
    created_at: dt.datetime


class RecipeList(Envelope):
    data: list[RecipeOut]
    count: int


class RecipeAnswer(Envelope):
    data: RecipeDetail


class VersionList(Envelope):
    data: list[VersionOut]
    count: int


class VersionAnswer(Envelope):
    data: VersionDetail


class ExampleAnswer(Envelope):
    data: ExampleOut | None = Field(description="null where none was made yet.")


class Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class NewRecipe(Strict):
    name: str = Field(max_length=200)
    family: str = Field(max_length=20, description=FAMILIES)
    level: str = Field("baseline", max_length=10, description=LEVELS)
    parent: uuid.UUID | None = Field(None, description="Recipe of a level above, which a baseline has not.")
    manifest: dict[str, Any] = Field(default_factory=dict, description="What this level says; see docs/recipes.md.")
    description: str = ""
    tags: list[str] = Field([], max_length=50)
    change_note: str = "First version"


class RecipeChanges(Strict):
    """What is left out stays as it is. Manifests change by new versions alone."""

    name: str | None = None
    description: str | None = None
    tags: list[str] | None = Field(None, max_length=50)


class NewVersion(Strict):
    """``manifest`` and ``change_note`` are needed; the operation says so after it knows the recipe."""

    manifest: dict[str, Any] | None = None
    change_note: str = Field("", description="What changes, and why.")
    number: str | None = Field(None, description="Above every number there is, such as 1.3.0; left out, proposed.")
    parent_version: uuid.UUID | None = Field(None, description="Version of a parent to inherit from; left out, as now.")
    expected_latest: str | None = Field(
        None, description="Number of the version you edited; where there is a newer one, nothing is written."
    )


class Clone(Strict):
    name: str = Field("", max_length=200, description="Needed.")
    level: str | None = Field(None, max_length=10, description=LEVELS)
    parent: uuid.UUID | None = None


class Words(Strict):
    note: str = ""


class NewExample(Strict):
    seed: int = 0
    launch: bool = Field(True, description="Queue a run of the newest approved version on it.")


def recipe_document(recipe: Any) -> dict[str, Any]:
    """Of a recipe of ``selectors.recipes.listed``, which carries its figures."""
    fields = ("id", "name", "description", "family", "level", "status", "is_seeded", "tags", "created_at", "updated_at")
    return {name: getattr(recipe, name) for name in fields} | {
        "parent": recipe.parent_id,
        "cloned_from": recipe.cloned_from_id,
        "latest": recipe.latest_number or "",
        "approved": recipe.approved_number or "",
        "versions": recipe.num_versions or 0,
        "created_by": _person(recipe.created_by),
    }


def detail_document(listed: Any) -> dict[str, Any]:
    found = rows.detail(listed)
    return recipe_document(listed) | {
        "children": [child.pk for child in found.children],
        "models": found.models,
        "runs": found.runs,
        "latest_version": version_document(found.latest)
        | {"manifest": arranged(found.latest.manifest), "effective": found.effective, "origins": found.origins},
        "upgrade": _upgrade(listed),
    }


def version_document(version: RecipeVersion) -> dict[str, Any]:
    return {
        "id": version.pk,
        "recipe": version.recipe_id,
        "number": version.number,
        "status": version.status,
        "parent_version": version.parent_version_id,
        "effective_sha256": version.effective_sha256,
        "change_note": version.change_note,
        "changes": version.changes,
        "created_by": _person(version.created_by),
        "created_at": version.created_at,
        "approved_by": _person(version.approved_by),
        "approved_at": version.approved_at,
    }


def whole_version_document(version: RecipeVersion) -> dict[str, Any]:
    return version_document(version) | {
        "manifest": arranged(version.manifest),
        "effective": arranged(version.effective),
        "origins": rows.origins_of(version),
    }


def example_document(example: RecipeExample) -> dict[str, Any]:
    return {
        "seed": example.seed,
        "columns": example.schema,
        "sample_rows": example.sample_rows,
        "truth": example.truth,
        "dataset": example.dataset_id,
        "run": example.experiment_id,
        "run_status": example.experiment.status if example.experiment else "",
        "created_at": example.created_at,
    }


def _upgrade(recipe: Recipe) -> dict[str, Any] | None:
    found = rows.offered_upgrade(recipe)
    if found is None:
        return None
    return {
        "current": found.current.number,
        "offered": found.offered.number,
        "parent_version": found.offered.pk,
        "number": str(found.proposal.number),
        "changes": [_change(change) for change in found.changes],
        "conflicts": [vars(conflict) for conflict in found.conflicts],
        "problems": [{"path": item.path, "message": item.message} for item in found.problems],
    }


def _change(change: Change) -> dict[str, Any]:
    return change.document()


def _person(person: Any) -> str:
    return str(person.email) if person is not None else ""


Status = Literal["", "draft", "approved", "archived", "all"]
