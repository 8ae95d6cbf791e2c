"""Changes, conflicts and upgrades of manifests as pages write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.models import RecipeVersion
from experiments.recipes.differences import Change
from experiments.recipes.problems import ManifestProblem
from experiments.selectors.recipes import Upgrade
from experiments.views.recipe_sections import shown_value

ICONS = {"added": "plus", "removed": "minus", "changed": "arrow-right"}


@dataclass(frozen=True)
class ShownChange:
    path: str
    kind: str
    before: str
    after: str

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


@dataclass(frozen=True)
class ShownConflict:
    path: str
    before: str
    after: str
    own: str


@dataclass(frozen=True)
class ShownUpgrade:
    current: RecipeVersion
    version: RecipeVersion
    number: str
    """Of the draft it would become."""
    changes: list[ShownChange]
    conflicts: list[ShownConflict]
    problems: list[ManifestProblem]
    fields: dict[str, str]
    """What the button sends: the version one looked at, so that nothing newer goes under."""


def shown_changes(changes: Iterable[Change | Mapping[str, Any]]) -> list[ShownChange]:
    """Of changes as computed, or as stored with a version."""
    return [
        ShownChange(one["path"], one["kind"], shown_value(one["before"]), shown_value(one["after"]))
        for one in (change.document() if isinstance(change, Change) else change for change in changes)
    ]


def shown_upgrade(found: Upgrade, latest: RecipeVersion) -> ShownUpgrade:
    return ShownUpgrade(
        current=found.current,
        version=found.offered,
        number=str(found.proposal.number),
        changes=shown_changes(found.changes),
        conflicts=[
            ShownConflict(one.path, shown_value(one.parent_before), shown_value(one.parent_after), shown_value(one.own))
            for one in found.conflicts
        ],
        problems=found.problems,
        fields={"expected_latest": latest.number},
    )
