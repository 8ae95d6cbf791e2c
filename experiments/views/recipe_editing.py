"""What the editor of a manifest shows for a text: what is wrong with it and where, what it changes, and its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.forms.manifest_form import ManifestForm
from experiments.forms.manifest_writing import changed_fields, has_changes, written
from experiments.learning.families import Family
from experiments.models import Recipe, RecipeVersion
from experiments.recipes.checking import check
from experiments.recipes.completing import complete_or_not
from experiments.recipes.differences import Change, differences
from experiments.recipes.located_json import JsonMistake, LocatedJson, read, write
from experiments.recipes.merging import merge
from experiments.recipes.metric_keys import metric_keys
from experiments.recipes.numbers import Number
from experiments.recipes.problems import ManifestProblem, ManifestRefused
from experiments.recipes.proposing import Proposal, proposed
from experiments.services.spec import Problem
from experiments.views.recipe_words import ShownChange, shown_changes

PREFIX = "manifest."


@dataclass(frozen=True)
class Pointed:
    """One thing wrong, with the line to look at."""

    line: int
    column: int
    path: str
    """Dotted, as the message speaks of it; empty where the text cannot be read at all."""
    message: str
    exact: bool = True
    """False: what is meant is not in the text; the line is of what is around it."""


@dataclass
class Editing:
    """A text of the manifest on its way to a new version of ``recipe``.

    ``base`` is the version it is compared with, ``parent_version`` what it inherits from, ``data`` what was posted
    with it: fields of the form that were changed are written into the text first.
    """

    recipe: Recipe
    base: RecipeVersion
    parent_version: RecipeVersion | None
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    problems: list[Pointed] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    own: dict[str, Any] | None = None
    """What this level says; None while the text cannot be read."""
    was_written: bool = False
    """Whether the form changed the text."""

    def __post_init__(self) -> None:
        self.text = self.text.replace("\r\n", "\n")
        try:
            self._read()
        except JsonMistake as mistake:
            self.problems = [Pointed(mistake.line, mistake.column, "", mistake.message)]
            typed = changed_fields(self.data)
            self.form = ManifestForm(self.base.manifest, self.inherited, self.family, typed=typed)

    @property
    def family(self) -> Family:
        return Family(self.recipe.family)

    @property
    def inherited(self) -> dict[str, Any]:
        return dict(self.parent_version.effective) if self.parent_version is not None else {}

    @property
    def effective(self) -> dict[str, Any]:
        return merge(self.inherited, self.own or {})

    @property
    def is_readable(self) -> bool:
        return self.own is not None

    @property
    def shown_changes(self) -> list[ShownChange]:
        return shown_changes(self.changes)

    @property
    def lines(self) -> range:
        return range(1, self.text.count("\n") + 2)

    @property
    def wrong_lines(self) -> set[int]:
        return {one.line for one in self.problems}

    @property
    def proposal(self) -> Proposal:
        return proposed(Number(self.base.major, self.base.minor, self.base.patch), self.changes)

    @property
    def metric_keys(self) -> tuple[str, ...]:
        """Figures a threshold may be set for."""
        return metric_keys(self.family)

    def refuse(self, problems: list[Problem]) -> list[Problem]:
        """Takes over a service's problems with the manifest; returns the others."""
        mine = [one for one in problems if one.field == "manifest" or one.field.startswith(PREFIX)]
        document = read(self.text) if self.is_readable else None
        known = {one.path for one in self.problems}
        for one in mine:
            path = one.field.removeprefix(PREFIX.rstrip(".")).lstrip(".")
            if path not in known:
                self.problems.append(_pointed(document, ManifestProblem(path, one.message)))
        return [one for one in problems if one not in mine]

    def _read(self) -> None:
        document = read(self.text)
        if has_changes(self.data):
            own = written(ManifestForm(document.value, self.inherited, self.family), self.data)
            if own != document.value:
                self.was_written = True
                self.text = write(own)
                document = read(self.text)
        self.own = document.value
        try:
            check(self.effective, self.recipe.family)
        except ManifestRefused as refused:
            self.problems = sorted(
                (_pointed(document, one) for one in refused.problems), key=lambda one: (one.line, one.column)
            )
        self.changes = differences(self.base.effective, complete_or_not(self._with_family()))
        said = {one.path: one.message for one in self.problems}
        self.form = ManifestForm(self.own, self.inherited, self.family, problems=said)

    def _with_family(self) -> dict[str, Any]:
        return {"family": self.recipe.family, **self.effective}


def _pointed(document: LocatedJson | None, one: ManifestProblem) -> Pointed:
    if document is None:
        return Pointed(1, 1, one.path, one.message, exact=False)
    place = document.place_of(one.path)
    return Pointed(place.line, place.column, one.path, one.message, place.exact)
