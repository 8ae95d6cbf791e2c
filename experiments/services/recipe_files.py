"""Recipes as files: out with all their versions, and in again as drafts of another workspace."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.models import Level, Recipe, RecipeStatus, RecipeVersion
from experiments.recipes import exchange
from experiments.recipes.completing import arranged, complete_or_not, sha256_of
from experiments.recipes.exchange import RecipeFile, VersionFile
from experiments.recipes.merging import merge, patch_between
from experiments.recipes.problems import ManifestRefused
from experiments.services import recipe_rules as rules
from experiments.services import recipe_versions as versions
from experiments.services.recipe_life import begin
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit


def export(recipe: Recipe) -> dict[str, Any]:
    """The recipe with every version, notes and hashes; people by name, no addresses. ``import_recipe`` reads it."""
    rows = recipe.versions.select_related("parent_version__recipe", "created_by").order_by("major", "minor", "patch")
    return {
        "kind": exchange.KIND,
        "format": exchange.FORMAT,
        "exported_at": timezone.now().isoformat(timespec="seconds"),
        "name": recipe.name,
        "description": recipe.description,
        "family": recipe.family,
        "level": recipe.level,
        "parent": recipe.parent.name if recipe.parent else "",
        "tags": list(recipe.tags),
        "versions": [_version_document(version) for version in rows],
    }


def import_recipe(
    *,
    workspace: Workspace,
    actor: User | None,
    content: bytes | str | Mapping[str, Any],
    name: str = "",
    parent: Recipe | None = None,
) -> Recipe:
    """Reads an exported recipe with all its versions, or nothing at all.

    Versions come as drafts, whatever they were: approving is up to the people here. A child inherits from ``parent``,
    or from the recipe of the name that its file gives. Where that has the very version it inherited from (the same
    hash), it says the same; else it says whatever makes the same whole of what it inherits here.

    Raises Refused: ``file`` or ``file.…`` with the place in the file, ``name`` (with a free one), ``parent``.
    """
    try:
        file = exchange.read(content if isinstance(content, (bytes, str)) else dict(content))
    except ManifestRefused as error:
        raise rules.refused(error, "file") from error
    with transaction.atomic():
        above = _parent(workspace, file, parent)
        level = Level(file.level)
        rules.check_parent(workspace, family=file.family.value, level=level, parent=above, recipe=None)
        recipe = begin(
            workspace=workspace,
            actor=actor,
            name=name or file.name,
            family=file.family.value,
            level=level,
            parent=above,
            description=file.description,
            tags=file.tags,
        )
        for position, version in enumerate(file.versions):
            _write(recipe, actor, version, position)
        audit.record(
            action="import_recipe",
            actor=actor,
            workspace=workspace,
            obj=recipe,
            after={"name": recipe.name, "family": recipe.family, "level": recipe.level, "versions": len(file.versions)},
        )
    return recipe


def _version_document(version: RecipeVersion) -> dict[str, Any]:
    inherited = version.parent_version
    return {
        "number": version.number,
        "status": version.status,
        "change_note": version.change_note,
        "created_at": version.created_at.isoformat(timespec="seconds"),
        "created_by": version.created_by.name if version.created_by else "",
        "approved_at": version.approved_at.isoformat(timespec="seconds") if version.approved_at else None,
        "inherits": None
        if inherited is None
        else {
            "recipe": inherited.recipe.name,
            "number": inherited.number,
            "effective_sha256": inherited.effective_sha256,
        },
        "manifest": arranged(version.manifest),
        "effective": arranged(version.effective),
        "effective_sha256": version.effective_sha256,
    }


def _parent(workspace: Workspace, file: RecipeFile, given: Recipe | None) -> Recipe | None:
    """Locked. The one that was chosen, else the one of the name that the file gives."""
    if given is not None:
        return versions.lock(given)
    if file.level == "baseline":
        return None
    rows = Recipe.objects.filter(workspace=workspace, name=file.parent, deleted_at__isnull=True)
    found = rows.filter(family=file.family.value).first()
    if found is None:
        raise Refused(
            [
                Problem(
                    "parent",
                    f"{file.name} inherits from {file.parent!r}, which is not here; import that first, or choose "
                    f"another recipe of family {file.family.value} to inherit from",
                )
            ]
        )
    return versions.lock(found)


def _write(recipe: Recipe, actor: User | None, version: VersionFile, position: int) -> None:
    inherited, manifest = _inherited(recipe, version)
    try:
        versions.write(
            recipe,
            actor=actor,
            manifest=manifest,
            parent_version=inherited,
            number=version.number,
            change_note=version.change_note,
            may_repeat=True,
        )
    except Refused as error:
        place = f"file.versions.{position}"
        raise Refused([Problem(f"{place}.{item.field}", item.message) for item in error.problems]) from error


def _inherited(recipe: Recipe, version: VersionFile) -> tuple[RecipeVersion | None, dict[str, Any]]:
    """The version that is inherited from here, and what must be said on top of it to make the same whole."""
    if recipe.parent is None:
        return None, version.manifest if _makes(None, version) else version.effective
    rows = RecipeVersion.objects.filter(recipe=recipe.parent).exclude(status=RecipeStatus.ARCHIVED)
    wanted = version.inherits.effective_sha256 if version.inherits else ""
    same = rows.filter(effective_sha256=wanted).select_related("recipe").order_by("-major", "-minor", "-patch").first()
    if same is not None and _makes(same, version):
        return same, version.manifest
    usable = rules.usable_version(recipe.parent)
    return usable, patch_between(arranged(usable.effective), version.effective)


def _makes(inherited: RecipeVersion | None, version: VersionFile) -> bool:
    """Whether what the version said makes the same whole here; defaults may have changed since."""
    whole = complete_or_not(merge(inherited.effective if inherited else {}, version.manifest))
    return sha256_of(whole) == version.effective_sha256
