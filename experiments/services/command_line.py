"""The command that launches the same run again."""

from __future__ import annotations

import shlex
from typing import Any

from experiments.models import Experiment, RunType

SPLIT = {
    "method": "--split",
    "test_share": "--test-share",
    "validation_share": "--validation-share",
    "seed": "--split-seed",
    "folds": "--folds",
    "horizon": "--horizon",
    "block_km": "--block-km",
}


def command_line(experiment: Experiment) -> str:
    """With everything that decides its numbers; what a recipe or the evaluated run says is left to them."""
    parts = ["manage.py", "train_model", "--dataset", str(experiment.dataset_id)]
    if experiment.run_type != RunType.TRAIN:
        parts += ["--run-type", experiment.run_type]
    if experiment.evaluates_id is not None:
        parts += ["--evaluates", str(experiment.evaluates_id), *_split(experiment.split)]
    elif experiment.recipe_version is not None:
        version = experiment.recipe_version
        parts += ["--recipe", f"{version.recipe.name}@{version.number}", "--seed", str(experiment.seed)]
    else:
        parts += ["--architecture", experiment.architecture, "--seed", str(experiment.seed)]
        parts += _split(experiment.split)
        for name, value in experiment.parameters.items():
            parts += ["--set", f"{name}={value}"]
    if experiment.processes > 1:
        parts += ["--processes", str(experiment.processes)]
    for name, value in _roles(experiment).items():
        parts += ["--role", f"{name}={','.join(value) if isinstance(value, list) else value}"]
    return shlex.join(parts)


def _split(split: dict[str, Any]) -> list[str]:
    return [text for name, option in SPLIT.items() if name in split for text in (option, str(split[name]))]


def _roles(experiment: Experiment) -> dict[str, Any]:
    """Those that are not as the dataset has them; an evaluation takes them from the run it judges."""
    if experiment.dataset is None or experiment.evaluates_id is not None:
        return {}
    usual = experiment.dataset.roles or {}
    return {name: value for name, value in experiment.preparation.get("roles", {}).items() if value != usual.get(name)}
