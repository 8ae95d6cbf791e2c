"""Versions of recipes: written once, approved, archived - never changed (a trigger of the database refuses)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.models import Level, Recipe, RecipeStatus, RecipeVersion
from experiments.recipes.checking import check
from experiments.recipes.completing import arranged, sha256_of
from experiments.recipes.differences import Change, differences
from experiments.recipes.merging import same
from experiments.recipes.numbers import FIRST, Number, check_above, parse
from experiments.recipes.problems import ManifestRefused
from experiments.recipes.proposing import proposed
from experiments.services import recipe_rules as rules
from experiments.services.spec import Problem, Refused, TooMany
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Action
from mlopspro.accounts.services import audit

MOST_VERSIONS = 1_000


def save_version(
    recipe: Recipe,
    *,
    actor: User | None,
    manifest: Mapping[str, Any],
    number: str | None = None,
    change_note: str,
    parent_version: RecipeVersion | None = None,
    expected_latest: str | None = None,
) -> RecipeVersion:
    """Writes ``manifest`` - what this level says, a merge patch on its parent's - as a new draft.

    Args:
        number: above every number there is; left out, the one that :func:`proposed` says.
        parent_version: takes up another version of the parent, or a version of another parent; left out, the version
            that the latest one inherits from.
        expected_latest: number of the version that was edited. Where somebody saved one meanwhile this is refused and
            nothing is written, so nobody's work goes under.

    Raises:
        Refused: ``manifest.…`` with the path of everything wrong, ``number``, ``parent_version``, ``expected_latest``.
    """
    with transaction.atomic():
        locked = lock(recipe)
        _refuse_unless_open(locked)
        latest = rules.latest_of(locked)
        _check_expected(latest, expected_latest)
        if locked.versions.count() >= MOST_VERSIONS:
            raise TooMany([Problem("number", f"{locked.name} has {MOST_VERSIONS:,} versions, which is the limit")])
        inherited = latest.parent_version if latest is not None else None
        if parent_version is not None and parent_version != inherited:
            inherited = _taken_up(locked, parent_version)
        version = write(
            locked, actor=actor, manifest=manifest, parent_version=inherited, number=number, change_note=change_note
        )
        audit.record(
            action="save_recipe_version",
            actor=actor,
            workspace=locked.workspace,
            obj=version,
            after=_summary(version) | {"changes": len(version.changes)},
            reason=version.change_note,
        )
    return version


def write(
    recipe: Recipe,
    *,
    actor: User | None,
    manifest: Mapping[str, Any],
    parent_version: RecipeVersion | None,
    number: str | None,
    change_note: str,
    may_repeat: bool = False,
) -> RecipeVersion:
    """Checks and writes one version; the caller holds the recipe's lock and leaves the audit row.

    ``may_repeat``: also one that says what the version before it says.
    """
    note = rules.words_of("change_note", change_note, rules.MAX_NOTE)
    if not note:
        raise Refused([Problem("change_note", "is empty; accepted: what changes, and why")])
    effective = rules.effective_of(parent_version, manifest, recipe.family)
    latest = rules.latest_of(recipe)
    changes = differences(arranged(latest.effective), effective) if latest is not None else []
    if latest is not None and not may_repeat and _says_nothing_new(latest, manifest, parent_version, changes):
        raise Refused([Problem("manifest", f"says the same as {latest.number}; a new version needs a change")])
    chosen = _number(recipe, latest, number, changes)
    version = RecipeVersion.objects.create(
        recipe=recipe,
        major=chosen.major,
        minor=chosen.minor,
        patch=chosen.patch,
        manifest=arranged(manifest),
        parent_version=parent_version,
        effective=effective,
        effective_sha256=sha256_of(effective),
        changes=[change.document() for change in changes],
        change_note=note,
        created_by=actor,
    )
    touch(recipe)
    return version


def approve(version: RecipeVersion, *, actor: User | None, note: str = "") -> RecipeVersion:
    """Lets runs, children and models be made of it. Idempotent; versions approved before stay approved.

    Raises Refused: it or its recipe is archived, the version it inherits from is not approved, or its manifest is no
    longer accepted (an architecture that is no more).
    """
    reason = rules.words_of("note", note, rules.MAX_NOTE)
    with transaction.atomic():
        recipe = lock(version.recipe)
        locked = _locked_version(version)
        if locked.status == RecipeStatus.APPROVED:
            return locked
        _refuse_unless_open(recipe)
        if locked.status == RecipeStatus.ARCHIVED:
            raise Refused([Problem("version", f"{locked.number} is archived; save a new version and approve that")])
        _check_parent_approved(locked)
        try:
            check(locked.effective, recipe.family)
        except ManifestRefused as error:
            raise rules.refused(error) from error
        locked.status = RecipeStatus.APPROVED
        locked.approved_by, locked.approved_at = actor, timezone.now()
        locked.save(update_fields=["status", "approved_by", "approved_at"])
        touch(recipe, status=RecipeStatus.APPROVED)
        audit.record(
            action=Action.APPROVE_RECIPE,
            actor=actor,
            workspace=recipe.workspace,
            obj=locked,
            before={"status": "draft"},
            after=_summary(locked),
            reason=reason,
        )
    return locked


def archive_version(version: RecipeVersion, *, actor: User | None, reason: str = "") -> RecipeVersion:
    """No run starts from it any more and no child takes it up; runs and children that have it keep it. Idempotent."""
    words = rules.words_of("reason", reason, rules.MAX_NOTE)
    with transaction.atomic():
        recipe = lock(version.recipe)
        locked = _locked_version(version)
        if locked.status == RecipeStatus.ARCHIVED:
            return locked
        before = locked.status
        locked.status, locked.archived_at = RecipeStatus.ARCHIVED, timezone.now()
        locked.save(update_fields=["status", "archived_at"])
        if recipe.status != RecipeStatus.ARCHIVED:
            touch(recipe, status=status_of(recipe))
        audit.record(
            action="archive_recipe_version",
            actor=actor,
            workspace=recipe.workspace,
            obj=locked,
            before={"status": before},
            after=_summary(locked),
            reason=words,
        )
    return locked


def status_of(recipe: Recipe) -> RecipeStatus:
    """Of a recipe that is not archived: approved as soon as one of its versions is."""
    approved = recipe.versions.filter(status=RecipeStatus.APPROVED).exists()
    return RecipeStatus.APPROVED if approved else RecipeStatus.DRAFT


def lock(recipe: Recipe) -> Recipe:
    """The recipe's row, held to the end of the transaction: whoever writes one of its versions goes through here."""
    locked: Recipe = (
        Recipe.objects.select_for_update(of=("self",)).select_related("workspace", "parent").get(pk=recipe.pk)
    )
    return locked


def touch(recipe: Recipe, **changed: Any) -> None:
    for name, value in changed.items():
        setattr(recipe, name, value)
    recipe.updated_at = timezone.now()
    recipe.save(update_fields=[*changed, "updated_at"])


def _locked_version(version: RecipeVersion) -> RecipeVersion:
    rows = RecipeVersion.objects.select_for_update(of=("self",)).select_related("recipe", "parent_version__recipe")
    return rows.get(pk=version.pk)


def _refuse_unless_open(recipe: Recipe) -> None:
    if recipe.deleted_at is not None:
        raise Refused([Problem("recipe", f"{recipe.name} was deleted")])
    if recipe.status == RecipeStatus.ARCHIVED:
        raise Refused([Problem("recipe", f"{recipe.name} is archived; bring it back before changing it")])


def _check_expected(latest: RecipeVersion | None, expected: str | None) -> None:
    if expected is None or latest is None or latest.number == expected.strip():
        return
    who = latest.created_by.name or latest.created_by.email if latest.created_by else "the product"
    raise Refused(
        [
            Problem(
                "expected_latest",
                f"{who} saved {latest.number} after you opened {expected.strip()[:20]}. Nothing of yours is lost and "
                f"nothing was written: look at {latest.number}, then save on top of it",
            )
        ]
    )


def _taken_up(recipe: Recipe, version: RecipeVersion) -> RecipeVersion:
    """The version of a parent that the recipe is to inherit from, and that parent if it is another one."""
    locked = _locked_version(version)
    parent = locked.recipe
    level = Level(recipe.level)
    try:
        rules.check_parent(recipe.workspace, family=recipe.family, level=level, parent=parent, recipe=recipe)
    except Refused as error:
        raise Refused([Problem("parent_version", item.message) for item in error.problems]) from error
    if locked.status == RecipeStatus.ARCHIVED:
        raise Refused([Problem("parent_version", f"{locked.number} of {parent.name} is archived; choose another one")])
    if recipe.parent_id != parent.pk:
        touch(recipe, parent=parent)
    return locked


def _check_parent_approved(version: RecipeVersion) -> None:
    inherited = version.parent_version
    if inherited is None:
        return
    status = RecipeVersion.objects.select_for_update().values_list("status", flat=True).get(pk=inherited.pk)
    if status != RecipeStatus.APPROVED:
        raise Refused(
            [
                Problem(
                    "parent_version",
                    f"it inherits from {inherited.number} of {inherited.recipe.name}, which is "
                    f"{RecipeStatus(status).label.lower()}; accepted: an approved version",
                )
            ]
        )


def _says_nothing_new(
    latest: RecipeVersion, manifest: Mapping[str, Any], parent_version: RecipeVersion | None, changes: list[Change]
) -> bool:
    inherited = parent_version.pk if parent_version is not None else None
    return not changes and latest.parent_version_id == inherited and same(latest.manifest, manifest)


def _number(recipe: Recipe, latest: RecipeVersion | None, wanted: str | None, changes: list[Change]) -> Number:
    if latest is None:
        known: list[Number] = []
        suggested = FIRST
    else:
        known = [Number(*parts) for parts in recipe.versions.values_list("major", "minor", "patch")]
        suggested = proposed(rules.number_of(latest), changes).number
    if wanted is None or not wanted.strip():
        return suggested
    try:
        number = parse(wanted)
        check_above(number, known)
    except ValueError as error:
        raise Refused([Problem("number", str(error))]) from error
    return number


def _summary(version: RecipeVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "status": version.status,
        "inherits_from": str(version.parent_version) if version.parent_version else "",
        "effective_sha256": version.effective_sha256,
    }
