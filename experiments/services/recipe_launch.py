"""Launching a run from a recipe version: the manifest says what is done, the caller only on which data."""

from __future__ import annotations

import uuid
from typing import Any

from experiments.models import Dataset, Experiment, RecipeVersion
from experiments.services import launch
from experiments.services.spec import LaunchSpec
from mlopspro.accounts.models import User


def spec_from_version(
    version: RecipeVersion,
    *,
    dataset: Dataset,
    name: str = "",
    run_type: str = "train",
    seed: int | None = None,
    register_as: uuid.UUID | None = None,
    auto_promote: bool | None = None,
    **further: Any,
) -> LaunchSpec:
    """What ``launch`` is asked for. Architecture, hyperparameters, split and preparation are the version's and are
    filled in at the launch; ``further`` are fields that a recipe leaves open, such as trackers, tags and notes.

    ``auto_promote`` None: what the manifest says, where the run becomes a version of a model at all.
    """
    if auto_promote is None:
        stage = ((version.effective.get("pipeline") or {}).get("deployment")) or {}
        auto_promote = register_as is not None and bool(stage.get("auto_promote"))
    asked: dict[str, Any] = {
        "dataset": dataset.pk,
        "name": name or f"{version.recipe.name} {version.number} on {dataset.name}"[:200],
        "run_type": run_type,
        "recipe_version": version.pk,
        "register_as": register_as,
        "auto_promote": auto_promote,
        **({"seed": seed} if seed is not None else {}),
        **further,
    }
    return LaunchSpec.model_validate(asked)


def launch_version(
    version: RecipeVersion,
    *,
    dataset: Dataset,
    actor: User | None,
    through: str = "page",
    idempotency_key: str = "",
    **asked: Any,
) -> Experiment:
    """Queues a run of this version. Raises Refused: of an archived or draft one, of data of another family …"""
    return launch.launch(
        workspace=version.recipe.workspace,
        actor=actor,
        spec=spec_from_version(version, dataset=dataset, **asked),
        through=through,
        idempotency_key=idempotency_key,
    )
