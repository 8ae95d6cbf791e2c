"""Recipes come, are cloned, renamed, archived and, as long as nobody uses them, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from experiments.models import Experiment, Level, ModelVersion, Recipe, RecipeStatus, RecipeVersion
from experiments.recipes.completing import arranged
from experiments.recipes.merging import patch_between
from experiments.services import recipe_rules as rules
from experiments.services import recipe_versions as versions
from experiments.services.spec import Problem, Refused, TooMany
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.accounts.services import audit

MOST_RECIPES = 5_000


def create(
    *,
    workspace: Workspace,
    actor: User | None,
    name: str,
    family: str,
    level: str,
    parent: Recipe | None,
    manifest: Mapping[str, Any],
    description: str = "",
    tags: Iterable[str] = (),
    change_note: str = "First version",
) -> Recipe:
    """A recipe with a first draft, 0.1.0. A child says only what differs from its parent; {} says nothing.

    It inherits from the newest approved version of the parent, or the newest draft where none is approved.
    Raises Refused: ``name``, ``family``, ``level``, ``parent``, ``tags``, ``description``, or ``manifest.…``.
    """
    own = rules.family_of(family)
    rank = rules.level_of(level)
    with transaction.atomic():
        above = versions.lock(parent) if parent is not None else None
        rules.check_parent(workspace, family=own, level=rank, parent=above, recipe=None)
        recipe = begin(
            workspace=workspace,
            actor=actor,
            name=name,
            family=own,
            level=rank,
            parent=above,
            description=description,
            tags=tags,
        )
        version = versions.write(
            recipe,
            actor=actor,
            manifest=manifest,
            parent_version=rules.usable_version(above) if above is not None else None,
            number=None,
            change_note=change_note,
        )
        _record("create_recipe", recipe, actor, after=_state(recipe) | {"number": version.number})
    return recipe


def begin(
    *,
    workspace: Workspace,
    actor: User | None,
    name: str,
    family: str,
    level: Level,
    parent: Recipe | None,
    description: str = "",
    tags: Iterable[str] = (),
    cloned_from: Recipe | None = None,
    is_seeded: bool = False,
) -> Recipe:
    """The recipe's row alone, in the caller's transaction, which then writes its first version. Raises Refused."""
    if Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True).count() >= MOST_RECIPES:
        raise TooMany([Problem("name", f"there are {MOST_RECIPES:,} recipes already; delete drafts not needed")])
    cleaned = rules.name_of(name)
    recipe = Recipe(
        workspace=workspace,
        created_by=actor,
        name=cleaned,
        description=rules.words_of("description", description, rules.MAX_DESCRIPTION),
        family=family,
        level=level.value,
        parent=parent,
        cloned_from=cloned_from,
        tags=rules.tags_of(tags),
        is_seeded=is_seeded,
    )
    _save(recipe, force_insert=True)
    return recipe


def clone(
    recipe: Recipe, *, actor: User | None, name: str, level: str | None = None, parent: Recipe | None = None
) -> Recipe:
    """A recipe of its own with a draft 0.1.0 that says what the latest version of ``recipe`` says.

    With the same level and parent it says the same and inherits from the same version. With another level or parent
    it says whatever makes the same whole of what it then inherits. Raises Refused as :func:`create`.
    """
    rank = rules.level_of(level or recipe.level)
    with transaction.atomic():
        source = rules.latest_of(recipe)
        if source is None or recipe.deleted_at is not None:
            raise Refused([Problem("recipe", f"{recipe.name} has no version to clone")])
        above = _parent_of_clone(recipe, rank, parent)
        rules.check_parent(recipe.workspace, family=recipe.family, level=rank, parent=above, recipe=None)
        made = begin(
            workspace=recipe.workspace,
            actor=actor,
            name=name,
            family=recipe.family,
            level=rank,
            parent=above,
            description=recipe.description,
            tags=recipe.tags,
            cloned_from=recipe,
        )
        manifest, inherited = _said_by_clone(source, recipe, made)
        versions.write(
            made,
            actor=actor,
            manifest=manifest,
            parent_version=inherited,
            number=None,
            change_note=f"Cloned from {recipe.name} {source.number}",
        )
        _record("clone_recipe", made, actor, after=_state(made) | {"cloned_from": f"{recipe.name} {source.number}"})
    return made


def edit(
    recipe: Recipe,
    *,
    actor: User | None,
    name: str | None = None,
    description: str | None = None,
    tags: Iterable[str] | None = None,
) -> Recipe:
    """Changes what is given; versions are not touched. Raises Refused, also for a recipe that is archived."""
    given: dict[str, Any] = {}
    if name is not None:
        given["name"] = rules.name_of(name)
    if description is not None:
        given["description"] = rules.words_of("description", description, rules.MAX_DESCRIPTION)
    if tags is not None:
        given["tags"] = rules.tags_of(tags)
    with transaction.atomic():
        locked = _open(recipe)
        before, after = audit.changes({field: getattr(locked, field) for field in given}, given)
        if not after:
            return locked
        for field, value in after.items():
            setattr(locked, field, value)
        locked.updated_at = timezone.now()
        _save(locked, update_fields=[*after, "updated_at"])
        _record(Action.EDIT_RECIPE, locked, actor, before=before, after=after)
    return locked


def archive(recipe: Recipe, *, actor: User | None, reason: str = "") -> Recipe:
    """Leaves lists and launches; what runs or was made of it goes on. Can be brought back. Idempotent."""
    words = rules.words_of("reason", reason, rules.MAX_NOTE)
    with transaction.atomic():
        locked = _there(recipe)
        if locked.status != RecipeStatus.ARCHIVED:
            before = {"status": locked.status}
            versions.touch(locked, status=RecipeStatus.ARCHIVED, archived_at=timezone.now(), archived_by=actor)
            _record("archive_recipe", locked, actor, before=before, after={"status": locked.status}, reason=words)
    return locked


def restore(recipe: Recipe, *, actor: User | None) -> Recipe:
    """Approved again where one of its versions is, else a draft. Idempotent."""
    with transaction.atomic():
        locked = _there(recipe)
        if locked.status == RecipeStatus.ARCHIVED:
            versions.touch(locked, status=versions.status_of(locked), archived_at=None, archived_by=None)
            _record("restore_recipe", locked, actor, before={"status": "archived"}, after={"status": locked.status})
    return locked


def delete(recipe: Recipe, *, actor: User | None) -> None:
    """Only a draft that nothing was made of; its name is free afterwards. Raises Refused saying what holds it."""
    with transaction.atomic():
        locked = _there(recipe)
        held = in_use(locked)
        if held:
            raise Refused([Problem("recipe", f"{locked.name} {', '.join(held)}; archive it instead")])
        versions.touch(locked, deleted_at=timezone.now())
        _record("delete_recipe", locked, actor, before=_state(locked))


def in_use(recipe: Recipe) -> list[str]:
    """Why it cannot be deleted, in words that follow its name; empty where it can."""
    runs = Experiment.objects.filter(recipe_version__recipe=recipe).count()
    models = recipe.models.count() + ModelVersion.objects.filter(recipe_version__recipe=recipe).count()
    once_approved = recipe.versions.filter(Q(status=RecipeStatus.APPROVED) | Q(approved_at__isnull=False)).exists()
    children = recipe.children.filter(deleted_at__isnull=True).count()
    clones = recipe.clones.filter(deleted_at__isnull=True).count()
    found = ["was approved"] if once_approved else []
    for count, one, many in (
        (runs, "has a run", "has {} runs"),
        (models, "has a model", "has {} models and versions of models"),
        (children, "has a recipe below it", "has {} recipes below it"),
        (clones, "was cloned once", "was cloned {} times"),
    ):
        if count:
            found.append(one if count == 1 else many.format(count))
    return found


def _parent_of_clone(recipe: Recipe, level: Level, parent: Recipe | None) -> Recipe | None:
    if parent is None and level is not Level.BASELINE:
        parent = recipe.parent
    return versions.lock(parent) if parent is not None else None


def _said_by_clone(
    source: RecipeVersion, recipe: Recipe, made: Recipe
) -> tuple[Mapping[str, Any], RecipeVersion | None]:
    """What the clone says, and the version it inherits from."""
    if made.level == recipe.level and made.parent_id == recipe.parent_id:
        return source.manifest, source.parent_version
    effective = arranged(source.effective)
    if made.parent is None:
        return effective, None
    inherited = rules.usable_version(made.parent)
    return patch_between(arranged(inherited.effective), effective), inherited


def _there(recipe: Recipe) -> Recipe:
    locked = versions.lock(recipe)
    if locked.deleted_at is not None:
        raise Refused([Problem("recipe", f"{locked.name} was deleted")])
    return locked


def _open(recipe: Recipe) -> Recipe:
    locked = _there(recipe)
    if locked.status == RecipeStatus.ARCHIVED:
        raise Refused([Problem("recipe", f"{locked.name} is archived; bring it back before changing it")])
    return locked


def _save(recipe: Recipe, **how: Any) -> None:
    """Inside a savepoint, so that a name that is taken leaves the caller's transaction usable."""
    try:
        with transaction.atomic():
            recipe.save(**how)
    except IntegrityError as error:
        if "recipe_name_unique" not in str(error):
            raise
        raise rules.name_taken(recipe.workspace, recipe.name) from error


def _state(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "family": recipe.family,
        "level": recipe.level,
        "parent": recipe.parent.name if recipe.parent else "",
        "status": recipe.status,
    }


def _record(action: str, recipe: Recipe, actor: User | None, **values: Any) -> None:
    audit.record(action=action, actor=actor, workspace=recipe.workspace, obj=recipe, **values)
