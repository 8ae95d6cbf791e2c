"""The review of a file that is to become a table: what was found in it, and the form that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from experiments.forms.import_tables import TableReviewForm, stored_initial, table_initial
from experiments.forms.imports import text_options
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.readers.registry import READERS
from experiments.learning.data.tables.reading import FORMATS, SeenTable, see
from experiments.learning.data.tables.suggest import SeenColumn, Suggestion, suggest
from experiments.learning.families import ABOUT, Family, Role
from experiments.models import DatasetImport
from experiments.services import importing
from experiments.services.spec import Problem

SHOWN_ROWS = 8
_TEXT = ("encoding", "separator", "has_header")


@dataclass(frozen=True)
class ReviewedColumn:
    """A column with what its first rows show, and the field of its role."""

    seen: SeenColumn
    field: forms.BoundField


@dataclass(frozen=True)
class TableReview:
    """Stands beside views.reviewing.Review; ``is_table`` tells the page which one it has."""

    seen: SeenTable
    suggestion: Suggestion
    form: TableReviewForm
    family: Family
    problems: list[Problem]
    is_table: bool = True

    @property
    def format_key(self) -> str:
        return self.seen.format

    @property
    def columns(self) -> list[ReviewedColumn]:
        fields = self.form.role_fields()
        return [ReviewedColumn(seen, field) for seen, field in zip(self.suggestion.columns, fields, strict=True)]

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return self.seen.rows[:SHOWN_ROWS]

    @property
    def about_roles(self) -> tuple[Role, ...]:
        return ABOUT[self.family].roles

    @property
    def reader_label(self) -> str:
        return READERS[self.seen.format].label

    def is_valid(self) -> bool:
        return self.form.is_valid() and not self.problems

    def options(self) -> dict[str, Any]:
        return self.form.options()


def look_at_table(
    job: DatasetImport, family: Family, data: Mapping[str, Any] | None = None, *, bound: bool = False
) -> TableReview:
    """The review as it stands. With ``data`` the typed values count; ``bound`` also judges them.

    Raises DatasetError where the file holds no table at all.
    """
    typed = data or {}
    seen, problems = _see(job, typed)
    suggestion = suggest(seen, family)
    # Somebody who has only just said what the file is for has not seen these fields yet.
    if bound and "role_0" in typed and typed.get("shown_family") == family.value:
        form = TableReviewForm(data, seen=seen, family=family)
    else:
        initial = table_initial(job.name, family, seen, suggestion)
        initial |= stored_initial(job.options, seen) if job.options.get("family") == family.value else {}
        form = TableReviewForm(initial=initial | _kept(typed, seen, family), seen=seen, family=family)
        if bound:
            problems = [*problems, Problem("family", "Check which column is what, then import.")]
    return TableReview(seen, suggestion, form, family, problems)


def _see(job: DatasetImport, typed: Mapping[str, Any]) -> tuple[SeenTable, list[Problem]]:
    """With the choices made so far; where those do not fit the file, as found by itself, with the reason."""
    path = importing.paths(job)["interactions"]
    key = typed.get("format") if typed.get("format") in FORMATS else None
    options = text_options(typed) if typed else {name: job.options[name] for name in _TEXT if name in job.options}
    try:
        return see(path, ReadOptions.model_validate(options), key), []
    except ValueError as error:  # DatasetError and pydantic's both are
        return see(path, ReadOptions()), [Problem("format", str(error))]


def _kept(typed: Mapping[str, Any], seen: SeenTable, family: Family) -> dict[str, Any]:
    """Typed values that still make sense: roles only where they were chosen for this family and these columns."""
    names = ["name", *(["decimal", "time_format", "control"] if typed.get("shown_family") == family.value else [])]
    kept = {name: typed[name] for name in names if typed.get(name)}
    if typed.get("shown_family") == family.value and typed.get("shown_columns") == str(len(seen.columns)):
        roles = {f"role_{place}" for place in range(len(seen.columns))}
        kept |= {name: typed[name] for name in roles if name in typed}
    return kept


def family_of(job: DatasetImport, data: Mapping[str, Any] | None) -> Family:
    """What the file is for: as chosen on the page, or when it was uploaded."""
    value = str((data or {}).get("family") or job.options.get("family") or Family.RECOMMENDATION.value)
    try:
        return Family(value)
    except ValueError:
        accepted = ", ".join(family.value for family in Family)
        raise DatasetError("family", "is not known", value=value, accepted=accepted) from None
