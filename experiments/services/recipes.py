"""Everything that changes recipes, in one place to import from.

recipe = recipes.create(workspace=…, actor=…, name="Demand", family="forecasting", level="client", parent=…,
                        manifest={"pipeline": {"training": {"seed": 7}}})
version = recipes.save_version(recipe, actor=…, manifest={…}, change_note="More folds", expected_latest="0.1.0")
recipes.approve(version, actor=…)
"""

from __future__ import annotations

from experiments.services.recipe_life import archive, clone, create, delete, edit, in_use, restore
from experiments.services.recipe_rules import free_name, latest_of
from experiments.services.recipe_seeds import seed_baselines
from experiments.services.recipe_versions import approve, archive_version, save_version

__all__ = [
    "approve",
    "archive",
    "archive_version",
    "clone",
    "create",
    "delete",
    "edit",
    "free_name",
    "in_use",
    "latest_of",
    "restore",
    "save_version",
    "seed_baselines",
]
