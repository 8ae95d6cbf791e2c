from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "experiments"

    def ready(self) -> None:
        from mlopspro.accounts.services.workspaces import workspace_created

        workspace_created.connect(seed_recipes, dispatch_uid="experiments.seed_recipes")


def seed_recipes(sender: Any, workspace: Any, **_: Any) -> None:
    """A new workspace has the baseline recipes. Imported when called: no start of a command waits for it."""
    from experiments.services.recipes import seed_baselines

    seed_baselines(workspace)
