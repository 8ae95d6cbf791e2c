"""What holds for every recipe, whichever way it comes to be: names, levels and parents, and whole manifests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from experiments.learning.families import Family
from experiments.models import Level, Recipe, RecipeStatus, RecipeVersion
from experiments.recipes.checking import check, check_patch
from experiments.recipes.completing import whole
from experiments.recipes.merging import merge
from experiments.recipes.numbers import Number
from experiments.recipes.problems import ManifestRefused
from experiments.services.labels import MAX_NAME_LENGTH, MAX_TAGS, distinct_tags, plain_text
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import Workspace

MAX_DESCRIPTION = 10_000
MAX_NOTE = 5_000


def effective_of(parent: RecipeVersion | None, patch: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The whole manifest that a level makes of its parent's. Raises Refused with every problem and its path."""
    try:
        check_patch(patch)
        return whole(check(merge(parent.effective if parent else {}, patch), family))
    except ManifestRefused as error:
        raise refused(error) from error


def refused(error: ManifestRefused, field: str = "manifest") -> Refused:
    return Refused([Problem(f"{field}.{item.path}".rstrip("."), item.message) for item in error.problems])


def number_of(version: RecipeVersion) -> Number:
    return Number(version.major, version.minor, version.patch)


def latest_of(recipe: Recipe) -> RecipeVersion | None:
    """The version with the highest number, whatever its state."""
    return recipe.versions.order_by("-major", "-minor", "-patch").first()


def usable_version(parent: Recipe) -> RecipeVersion:
    """What a new child inherits from: the newest approved version, else the newest draft. Raises Refused."""
    rows = parent.versions.order_by("-major", "-minor", "-patch")
    found = rows.filter(status=RecipeStatus.APPROVED).first() or rows.filter(status=RecipeStatus.DRAFT).first()
    if found is None:
        raise Refused([Problem("parent", f"{parent.name} has no version to inherit from; all of them are archived")])
    return found


def check_parent(
    workspace: Workspace, *, family: str, level: Level, parent: Recipe | None, recipe: Recipe | None
) -> None:
    """Raises Refused unless ``parent`` is what a recipe of this family and level may inherit from.

    ``recipe`` is the one that would inherit, where it is there already; whoever inherits from itself, directly or
    through others, goes in a circle.
    """
    if level is Level.BASELINE:
        if parent is not None:
            raise _parent("a baseline inherits from nothing; accepted: no parent, or the level industry or client")
        return
    above = " or ".join(item.label.lower() for item in Level if item.rank < level.rank)
    if parent is None:
        raise _parent(f"is left out; a recipe of level {level.label.lower()} inherits from one of level {above}")
    if parent.workspace_id != workspace.pk or parent.deleted_at is not None:
        raise _parent("there is no such recipe in this workspace")
    if recipe is not None and recipe.pk in {ancestor.pk for ancestor in [parent, *ancestors(parent)]}:
        raise _parent(f"{parent.name} inherits from {recipe.name}, so this would go in a circle")
    if parent.status == RecipeStatus.ARCHIVED:
        raise _parent(f"{parent.name} is archived; bring it back, or choose another one")
    if Level(parent.level).rank >= level.rank:
        of = Level(parent.level).label.lower()
        raise _parent(f"{parent.name} is of level {of}; accepted for level {level.label.lower()}: one of level {above}")
    if parent.family != family:
        raise _parent(f"{parent.name} is of family {parent.family}; accepted: one of family {family}")


def ancestors(recipe: Recipe) -> list[Recipe]:
    """From its parent upwards; ends where something was seen before, so that no circle in the data hangs anybody."""
    found: list[Recipe] = []
    above = recipe.parent
    while above is not None and above.pk not in {item.pk for item in found}:
        found.append(above)
        above = above.parent
    return found


def family_of(text: str) -> str:
    if text not in list(Family):
        raise Refused([Problem("family", f"{text[:40]!r} is not known; accepted: {', '.join(Family)}")])
    return Family(text).value


def level_of(text: str) -> Level:
    if text not in Level.values:
        raise Refused([Problem("level", f"{text[:40]!r} is not known; accepted: {', '.join(Level.values)}")])
    return Level(text)


def name_of(text: str) -> str:
    """One line of plain text. Raises Refused."""
    cleaned = _text("name", text)
    if not cleaned or len(cleaned) > MAX_NAME_LENGTH or "\n" in cleaned:
        raise Refused(
            [Problem("name", f"{cleaned[:40]!r} is not accepted; one line of 1 to {MAX_NAME_LENGTH} characters is")]
        )
    return cleaned


def words_of(field: str, text: str, most: int) -> str:
    cleaned = _text(field, text.replace("\r\n", "\n"))
    if len(cleaned) > most:
        raise Refused([Problem(field, f"{len(cleaned):,} characters are too many; accepted: up to {most:,}")])
    return cleaned


def tags_of(tags: Iterable[str]) -> list[str]:
    try:
        cleaned = distinct_tags(tags)
    except ValueError as error:
        raise Refused([Problem("tags", str(error))]) from error
    if len(cleaned) > MAX_TAGS:
        raise Refused([Problem("tags", f"{len(cleaned)} tags are too many; accepted: up to {MAX_TAGS}")])
    return cleaned


def free_name(workspace: Workspace, name: str) -> str:
    """``name``, or the first of "name 2", "name 3" … that no recipe of the workspace has."""
    taken = set(
        Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True, name__startswith=name[:190]).values_list(
            "name", flat=True
        )
    )
    if name not in taken:
        return name
    return next(free for count in range(2, len(taken) + 3) if (free := f"{name[:190]} {count}") not in taken)


def name_taken(workspace: Workspace, name: str) -> Refused:
    free = free_name(workspace, name)
    return Refused([Problem("name", f"there is a recipe {name!r} already; free is {free!r}")])


def _parent(message: str) -> Refused:
    return Refused([Problem("parent", message)])


def _text(field: str, text: str) -> str:
    try:
        return plain_text(text)
    except ValueError as error:
        raise Refused([Problem(field, str(error))]) from error
