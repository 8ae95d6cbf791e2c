"""Changes that the assistant proposes: checked like anybody's input, shown as a difference, applied to a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.learning.families import ABOUT, Family
from experiments.models import ChatMessage, ChatThread, Level, Recipe, RecipeVersion
from experiments.recipes.checking import check
from experiments.recipes.differences import Change, differences
from experiments.recipes.merging import merge, patch_between
from experiments.recipes.problems import ManifestRefused
from experiments.services import recipe_rules, recipes
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit

NAME_LENGTH = 120
CHANGE_NOTE = "Proposed by the assistant"


@dataclass(frozen=True)
class Pending:
    """A proposal that waits: the message it came with, the whole manifest it leads to, and what it changes."""

    message: ChatMessage
    family: Family
    patch: dict[str, Any]
    effective: dict[str, Any]
    changes: list[Change]


def baseline_of(thread: ChatThread, family: Family) -> Recipe | None:
    rows = Recipe.objects.filter(workspace=thread.workspace, deleted_at__isnull=True)
    return rows.filter(family=family.value, level=Level.BASELINE, is_seeded=True).first()


def base_manifest(thread: ChatThread, family: Family | None = None) -> dict[str, Any]:
    """What a proposal changes: the recipe's newest version, or what a new recipe of the family would inherit."""
    if thread.recipe is not None:
        version = recipes.latest_of(thread.recipe)
    else:
        parent = baseline_of(thread, family) if family is not None else None
        version = recipe_rules.usable_version(parent) if parent is not None else None
    return dict(version.effective) if version is not None else {}


def checked(
    thread: ChatThread, patch: dict[str, Any] | None, state: dict[str, Any]
) -> tuple[dict[str, Any] | None, str]:
    """The proposal as it is stored, and why there is none where an adapter's patch does not hold.

    An adapter is not trusted: its patch passes the same check as a manifest that a person typed.
    """
    if not patch:
        return None, ""
    family = _family(thread, patch, state)
    if family is None:
        return None, "The proposal does not say which family it is for, so it was not taken over."
    own = {key: value for key, value in patch.items() if key != "family"}
    base = base_manifest(thread, family) or {"family": family.value}
    try:
        check(merge(base, own), family.value)
    except ManifestRefused as error:
        first = error.problems[0]
        return None, f"The proposal does not hold and was not taken over: {first.path}: {first.message}"
    return {"family": family.value, "patch": own}, ""


def pending(thread: ChatThread) -> dict[str, Any]:
    """The patch that waits to be applied; empty where there is none."""
    message = _pending_message(thread)
    return _stored(message)[1] if message is not None else {}


def shown(thread: ChatThread) -> Pending | None:
    """The proposal that waits, as a page shows it."""
    message = _pending_message(thread)
    if message is None:
        return None
    family, patch = _stored(message)
    base = base_manifest(thread, family)
    effective = merge(base, patch)
    return Pending(message, family, patch, effective, differences(base, effective))


def apply(thread: ChatThread, message: ChatMessage, *, actor: User) -> RecipeVersion:
    """Writes the proposal as a new draft version of the recipe, or as a new recipe on the family's baseline.

    Applied twice it is applied once. Raises Refused where the recipe has changed so that it no longer holds.
    """
    with transaction.atomic():
        locked = (
            ChatMessage.objects.select_for_update(of=("self",)).select_related("applied_version").get(pk=message.pk)
        )
        if locked.applied_version is not None:
            return locked.applied_version
        if not locked.proposal:
            raise Refused([Problem("proposal", "this message proposes no change")])
        if locked != _pending_message(thread):
            raise Refused([Problem("proposal", "a later proposal contains it; apply that one")])
        family, patch = _stored(locked)
        version = (
            _new_version(thread, patch, actor)
            if thread.recipe is not None
            else _new_recipe(thread, family, patch, actor)
        )
        locked.applied_at, locked.applied_version = timezone.now(), version
        locked.save(update_fields=["applied_at", "applied_version"])
        audit.record(
            action="apply_proposal",
            actor=actor,
            workspace=thread.workspace,
            obj=version,
            after={"adapter": locked.adapter},
        )
    return version


def _new_version(thread: ChatThread, patch: dict[str, Any], actor: User) -> RecipeVersion:
    recipe = thread.recipe
    latest = recipes.latest_of(recipe) if recipe is not None else None
    if recipe is None or latest is None:
        raise Refused([Problem("recipe", "the recipe of this conversation has no version any more")])
    whole = merge(latest.effective, patch)
    own = patch_between(latest.parent_version.effective, whole) if latest.parent_version is not None else whole
    return recipes.save_version(
        recipe, actor=actor, manifest=own, change_note=CHANGE_NOTE, expected_latest=latest.number
    )


def _new_recipe(thread: ChatThread, family: Family, patch: dict[str, Any], actor: User) -> RecipeVersion:
    parent = baseline_of(thread, family)
    if parent is None:
        recipes.seed_baselines(thread.workspace)
        parent = baseline_of(thread, family)
    made = recipes.create(
        workspace=thread.workspace,
        actor=actor,
        name=_free_name(thread, patch, family),
        family=family.value,
        level=Level.INDUSTRY,
        parent=parent,
        manifest=patch,
        description="Begun with the assistant.",
        change_note=CHANGE_NOTE,
    )
    ChatThread.objects.filter(pk=thread.pk).update(recipe=made)
    thread.recipe = made
    version = recipes.latest_of(made)
    if version is None:
        raise Refused([Problem("recipe", "it was made without a version")])
    return version


def _free_name(thread: ChatThread, patch: dict[str, Any], family: Family) -> str:
    wanted = str(patch.get("metadata", {}).get("title", "")) or thread.title or ABOUT[family].label
    return recipes.free_name(thread.workspace, " ".join(wanted.split())[:NAME_LENGTH])


def _pending_message(thread: ChatThread) -> ChatMessage | None:
    """The newest message with a proposal, unless it is applied: what was proposed before it is part of it."""
    rows = thread.messages.filter(proposal__isnull=False).order_by("-number")
    newest: ChatMessage | None = rows.first()
    return newest if newest is not None and newest.applied_at is None else None


def _stored(message: ChatMessage) -> tuple[Family, dict[str, Any]]:
    """Family and patch of a message that proposes something."""
    proposal: dict[str, Any] = message.proposal or {}
    return Family(proposal["family"]), dict(proposal["patch"])


def _family(thread: ChatThread, patch: dict[str, Any], state: dict[str, Any]) -> Family | None:
    named = thread.recipe.family if thread.recipe is not None else patch.get("family") or state.get("family")
    return Family(named) if named in set(Family) else None
