"""Puts the product's baseline recipes into workspaces: once each, and a newer one where nobody changed the old."""

from __future__ import annotations

from django.db import transaction

from experiments.models import Level, Recipe, RecipeStatus, RecipeVersion
from experiments.recipes.baselines import Baseline, baselines
from experiments.recipes.numbers import parse
from experiments.services import recipe_rules as rules
from experiments.services import recipe_versions as versions
from experiments.services.recipe_life import begin
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.services import audit


def seed_baselines(workspace: Workspace) -> list[Recipe]:
    """The five baselines, approved, in the order of the families. Idempotent; one query where all are there.

    A baseline that people archived stays archived, and one of which they saved versions of their own stays theirs.
    """
    if _all_there(workspace):
        return _seeded(workspace)
    with transaction.atomic():
        Workspace.objects.select_for_update().get(pk=workspace.pk)  # one at a time, or each would be there twice
        present = {recipe.family: recipe for recipe in _seeded(workspace)}
        for baseline in baselines():
            _seed(workspace, baseline, present.get(baseline.family.value))
    return _seeded(workspace)


def _all_there(workspace: Workspace) -> bool:
    """Whether every baseline is there in its present number, or in people's hands."""
    known = {
        (
            baseline.family.value,
            parse(baseline.number).major,
            parse(baseline.number).minor,
            parse(baseline.number).patch,
        )
        for baseline in baselines()
    }
    rows = RecipeVersion.objects.filter(recipe__workspace=workspace, recipe__is_seeded=True)
    return known <= set(rows.values_list("recipe__family", "major", "minor", "patch"))


def _seeded(workspace: Workspace) -> list[Recipe]:
    order = {baseline.family.value: place for place, baseline in enumerate(baselines())}
    rows = Recipe.objects.filter(workspace=workspace, is_seeded=True, deleted_at__isnull=True)
    return sorted(rows, key=lambda recipe: order[recipe.family])


def _seed(workspace: Workspace, baseline: Baseline, present: Recipe | None) -> None:
    if present is None:
        recipe = begin(
            workspace=workspace,
            actor=None,
            name=rules.free_name(workspace, baseline.name),
            family=baseline.family.value,
            level=Level.BASELINE,
            parent=None,
            description=baseline.description,
            tags=baseline.tags,
            is_seeded=True,
        )
    elif _may_take(present, baseline):
        recipe = present
    else:
        return
    version = versions.write(
        recipe,
        actor=None,
        manifest=baseline.manifest,
        parent_version=None,
        number=baseline.number,
        change_note=baseline.change_note,
    )
    audit.record(
        action="seed_recipe", workspace=workspace, obj=recipe, after={"number": version.number, "family": recipe.family}
    )
    versions.approve(version, actor=None, note="Ships with the product")


def _may_take(recipe: Recipe, baseline: Baseline) -> bool:
    """Newer than what is there, in a recipe that people neither archived nor continued."""
    if recipe.status == RecipeStatus.ARCHIVED or recipe.versions.filter(created_by__isnull=False).exists():
        return False
    latest = rules.latest_of(recipe)
    return latest is None or parse(baseline.number) > rules.number_of(latest)
