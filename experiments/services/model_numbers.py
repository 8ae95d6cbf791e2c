"""Which number the next version of a model gets: a proposal that a person may overrule, and never a step back.

MAJOR where the model is another kind of thing: another architecture, other features or roles of columns, or a new
major version of its recipe. MINOR where it is configured anew: other parameters or split, data of another shape or
that is no newer, or a new minor version of its recipe (a recipe that joins or leaves counts as minor). PATCH where
the same configuration saw newer data of the same shape, or another seed. docs/registry.md tells people the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from experiments.models import Dataset, Experiment, ModelVersion, RegisteredModel
from experiments.recipes.numbers import Number

Part = Literal["major", "minor", "patch"]
FIRST = Number(1, 0, 0)


@dataclass(frozen=True)
class Proposal:
    """The part to raise, the number that gives, and why in a sentence."""

    part: Part
    number: str
    reason: str


def number_of(version: ModelVersion) -> Number:
    return Number(version.major, version.minor, version.patch)


def latest_version(model: RegisteredModel) -> ModelVersion | None:
    """The one with the highest number."""
    rows = model.versions.select_related("experiment__dataset", "recipe_version__recipe", "dataset")
    return rows.order_by("-major", "-minor", "-patch").first()


def propose(model: RegisteredModel, experiment: Experiment) -> Proposal:
    """What the version made from this run should be called, seen from the latest one."""
    latest = latest_version(model)
    if latest is None:
        return Proposal("major", str(FIRST), "It is the first version.")
    part, reason = _step(latest, experiment)
    return Proposal(part, str(number_of(latest).raised(part)), f"{reason} (compared with {latest.number}).")


def _step(latest: ModelVersion, run: Experiment) -> tuple[Part, str]:
    for part, checks in (("major", _MAJOR), ("minor", _MINOR)):
        for check in checks:
            if reason := check(latest, run):
                return part, reason  # type: ignore[return-value]
    if latest.dataset_sha256 != run.trained_on.sha256:
        return "patch", "The same configuration on newer data"
    if (latest.seed, latest.split) != (run.seed, run.split):
        return "patch", "The same configuration with another seed"
    return "patch", "The same configuration once more"


def _architecture(latest: ModelVersion, run: Experiment) -> str:
    if latest.architecture == run.architecture:
        return ""
    return f"Another architecture, {run.architecture} instead of {latest.architecture}"


def _features(latest: ModelVersion, run: Experiment) -> str:
    before, after = latest.experiment.preparation, run.preparation
    same = all(before.get(name) == after.get(name) for name in ("features", "roles"))
    return "" if same else "Other features or roles of columns"


def _recipe_major(latest: ModelVersion, run: Experiment) -> str:
    before, after = latest.recipe_version, run.recipe_version
    if before is None or after is None or before.recipe_id != after.recipe_id or before.major == after.major:
        return ""
    return f"A new major version of its recipe, {after.number}"


def _parameters(latest: ModelVersion, run: Experiment) -> str:
    before, after = latest.parameters, run.parameters
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return f"Other parameters: {', '.join(names[:5])}{' …' if len(names) > 5 else ''}" if names else ""


def _split(latest: ModelVersion, run: Experiment) -> str:
    seedless = [{key: value for key, value in split.items() if key != "seed"} for split in (latest.split, run.split)]
    return "" if seedless[0] == seedless[1] else "Another split"


def _preparation(latest: ModelVersion, run: Experiment) -> str:
    return "" if latest.experiment.preparation == run.preparation else "Another evaluation or other data checks"


def _recipe(latest: ModelVersion, run: Experiment) -> str:
    before, after = latest.recipe_version, run.recipe_version
    if before is None and after is None:
        return ""
    if before is None or after is None or before.recipe_id != after.recipe_id:
        return "Another recipe" if before is not None and after is not None else "With a recipe on one side only"
    return "" if before.minor == after.minor else f"A new minor version of its recipe, {after.number}"


def _data(latest: ModelVersion, run: Experiment) -> str:
    before, after = latest.dataset, run.trained_on
    if before.sha256 == after.sha256:
        return ""
    if _shape(before) != _shape(after):
        return "Data of another shape"
    return "" if _is_newer(after, before) else "Other data, which is not newer"


def _shape(dataset: Dataset) -> tuple[object, ...]:
    columns = sorted((str(column.get("name")), str(column.get("type"))) for column in dataset.columns)
    features = (tuple(dataset.user_features), tuple(dataset.item_features))
    return (dataset.feedback, dataset.scale, tuple(columns), features)


def _is_newer(after: Dataset, before: Dataset) -> bool:
    """By the newest row where both know times, else by when it came here."""
    if after.last_at is not None and before.last_at is not None:
        return after.last_at > before.last_at
    return after.created_at > before.created_at


_Check = Callable[[ModelVersion, Experiment], str]
_MAJOR: tuple[_Check, ...] = (_architecture, _features, _recipe_major)
_MINOR: tuple[_Check, ...] = (_parameters, _split, _preparation, _recipe, _data)
