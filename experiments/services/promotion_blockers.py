"""What speaks against bringing a version to a stage, computed by rule and shown before the button.

Quick rules look at rows and are asked again under the model's lock; slow ones (files, gate) are worked out before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.metric_words import label
from experiments.models import MetricValue, ModelVersion, RecipeStatus, Stage
from experiments.services.gate import Gate, gate
from experiments.services.gate_words import threshold_words
from experiments.services.popularity import loses_to_popularity
from experiments.services.version_files import verify_files
from mlopspro.core.formats import metric as figure

PROMOTABLE = {
    Stage.PRODUCTION: (Stage.DEVELOPMENT, Stage.STAGING),
    Stage.STAGING: (Stage.DEVELOPMENT,),
}
"""To which stage a version is promoted from which; every other step is a move or a rollback."""


@dataclass(frozen=True)
class Blocker:
    """One reason against it. ``can_force``: somebody entitled may overrule it, with a reason that is kept."""

    code: str
    message: str
    can_force: bool

    def document(self) -> dict[str, object]:
        return {"code": self.code, "message": self.message, "can_force": self.can_force}


@dataclass(frozen=True)
class Assessment:
    """Everything a decision rests on: what speaks against it, and the gate (None where staging asks for none)."""

    blockers: tuple[Blocker, ...]
    gate: Gate | None

    @property
    def can_force(self) -> bool:
        return all(blocker.can_force for blocker in self.blockers)


def blockers(version: ModelVersion, to_stage: str = Stage.PRODUCTION) -> list[Blocker]:
    """Everything that speaks against it now, what cannot be overruled first. Reads the version's files."""
    return list(assess(version, to_stage).blockers)


def assess(version: ModelVersion, to_stage: str = Stage.PRODUCTION) -> Assessment:
    judged = gate(version) if to_stage == Stage.PRODUCTION else None
    found = [*quick_blockers(version, to_stage), *_files(version)]
    if judged is not None:
        found += _measured(version, judged)
    return Assessment(in_order(found), judged)


def in_order(found: Iterable[Blocker]) -> tuple[Blocker, ...]:
    return tuple(sorted(dict.fromkeys(found), key=lambda blocker: blocker.can_force))


def quick_blockers(version: ModelVersion, to_stage: str) -> list[Blocker]:
    """Those that rows alone decide."""
    found = []
    if version.model.archived_at is not None:
        found.append(Blocker("archived_model", f"{version.model.name} is archived; restore it first.", False))
    if version.state not in PROMOTABLE.get(Stage(to_stage), ()):
        found.append(Blocker("wrong_stage", _wrong_stage(version, to_stage), False))
    recipe_version = version.recipe_version
    if recipe_version is not None:
        recipe = recipe_version.recipe
        if recipe_version.status != RecipeStatus.APPROVED:
            state = RecipeStatus(recipe_version.status).label.lower()
            found.append(
                Blocker("recipe_not_approved", f"Its recipe {recipe.name} {recipe_version.number} is {state}.", True)
            )
        elif recipe.status == RecipeStatus.ARCHIVED:
            found.append(Blocker("recipe_archived", f"Its recipe {recipe.name} is archived.", True))
    return found


def _wrong_stage(version: ModelVersion, to_stage: str) -> str:
    if version.stage == to_stage:
        return f"Version {version.number} is in {version.state.label.lower()} already."
    if version.state is Stage.ARCHIVED:
        return (
            f"Version {version.number} is archived. Roll back to it if it was in production, or bring it back to "
            "development first."
        )
    return f"Version {version.number} is in production; archive it or roll back."


def _files(version: ModelVersion) -> list[Blocker]:
    return [Blocker("files", f"{problem}.", False) for problem in verify_files(version)]


def _measured(version: ModelVersion, judged: Gate) -> list[Blocker]:
    found = []
    if judged.state == "not_measured":
        found.append(Blocker("no_evaluation", judged.sentence, True))
    elif judged.beats is None:
        found.append(Blocker(f"gate_{judged.state}", judged.sentence, True))
    elif judged.beats is False:
        found.append(Blocker("gate_failed", judged.sentence, True))
    found += [Blocker("threshold", f"{_capital(threshold_words(one))}.", True) for one in judged.failing]
    worse = loses_to_popularity(MetricValue.objects.filter(experiment=version.experiment_id, protocol="catalogue"))
    if worse is not None and version.architecture != "popularity":
        message = (
            f"It ranks the catalogue worse than a popularity list: {label(worse.name)} {figure(worse.value)} against "
            f"{figure(worse.popularity)}. It should not choose lists on its own."
        )
        found.append(Blocker("loses_to_popularity", message, True))
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
