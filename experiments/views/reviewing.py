"""The review of an import: what was detected in its files, and the forms that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from experiments.forms.imports import FeatureForm, ReviewForm, review_initial, text_options
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.base import Detected, Role
from experiments.learning.data.readers.feature_files import Owner, sample_columns, suggest_feature_mapping
from experiments.learning.data.readers.options import FeatureMapping
from experiments.models import DatasetImport, JobStatus
from experiments.services import importing
from experiments.services.spec import Problem, Refused
from experiments.views.reviewing_tables import TableReview, family_of, look_at_table

OWNERS: tuple[Owner, ...] = ("users", "items")
SHOWN_ROWS = 10


def can_review(job: DatasetImport) -> bool:
    """Whether its files are still there to be looked at: a draft, or one that ended without a dataset."""
    open_states = (JobStatus.DRAFT, JobStatus.FAILED, JobStatus.CANCELLED)
    return job.state in open_states and job.dataset_id is None and bool(job.files)


@dataclass(frozen=True)
class FeatureReview:
    """A file with features of users or items: its columns, first rows and form."""

    role: Role
    label: str
    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    form: FeatureForm


@dataclass(frozen=True)
class Review:
    is_table: ClassVar[bool] = False

    detected: Detected
    form: ReviewForm
    features: list[FeatureReview]
    problems: list[Problem]

    @property
    def format_key(self) -> str:
        return self.detected.format

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return self.detected.sample_rows[:SHOWN_ROWS]

    @property
    def reader_label(self) -> str:
        return registry.get(self.detected.format).label

    def is_valid(self) -> bool:
        forms = [self.form, *(feature.form for feature in self.features)]
        judged = [form.is_valid() for form in forms]  # all of them, so that each says what is wrong with it
        return all(judged) and not self.problems

    def options(self) -> dict[str, Any]:
        """What the reader is told, JSON-able. Only after is_valid()."""
        mapped: dict[str, FeatureMapping] = {feature.role: feature.form.mapping() for feature in self.features}
        options = self.form.options(users=mapped.get("users"), items=mapped.get("items"))
        return options.model_dump(mode="json", exclude_none=True)


def look_at(job: DatasetImport, data: Mapping[str, Any] | None = None, *, bound: bool = False) -> Review | TableReview:
    """The review as it stands. With ``data`` the typed values count; ``bound`` also judges them."""
    typed = data or {}
    family = family_of(job, typed)
    if family.is_tabular:
        return look_at_table(job, family, data, bound=bound)
    if bound and typed.get("shown_family"):
        bound = False  # the fields of interactions were not on the page yet
    detected, problems = _detect(job, typed)
    needs_mapping = registry.get(detected.format).needs_mapping
    if bound:
        form = ReviewForm(data, detected=detected, needs_mapping=needs_mapping)
    else:
        initial = review_initial(job.name, detected) | _kept(typed, detected)
        form = ReviewForm(initial=initial, detected=detected, needs_mapping=needs_mapping)
    features = [_features(job, owner, data, bound) for owner in OWNERS if owner in job.files]
    return Review(detected, form, features, problems)


def _detect(job: DatasetImport, typed: Mapping[str, Any]) -> tuple[Detected, list[Problem]]:
    """With the choices made so far; where those do not fit the file, as found by itself, with the reason."""
    key = typed.get("format") or None
    key = key if key in registry.READERS else None
    options = dict(job.options) if not typed else text_options(typed)
    options = {name: value for name, value in options.items() if name in ("encoding", "separator", "has_header")}
    try:
        return importing.review(job, options, key), []
    except Refused as error:
        problems = error.problems
    except DatasetError as error:
        problems = [Problem(error.field, str(error))]
    return importing.review(job, {}), problems


def _kept(typed: Mapping[str, Any], detected: Detected) -> dict[str, Any]:
    """Typed values that still make sense: a column that is gone gives way to the suggestion."""
    kept = {}
    for name in ReviewForm.base_fields:
        value = typed.get(name)
        if value is None or name in ("has_header", "format"):
            continue
        if name in ("user", "item", "value", "timestamp", "part") and value and value not in detected.columns:
            continue
        kept[name] = value
    return kept


def _features(job: DatasetImport, owner: Owner, data: Mapping[str, Any] | None, bound: bool) -> FeatureReview:
    path = importing.paths(job)[owner]
    columns, rows = sample_columns(path)
    suggested = suggest_feature_mapping(columns, rows, owner)
    if bound:
        form = FeatureForm(data, columns=columns, prefix=owner)
    else:
        initial = suggested.model_dump() | {"columns": list(suggested.columns or ()), "lists": list(suggested.lists)}
        form = FeatureForm(initial=initial, columns=columns, prefix=owner)
    label = "User features" if owner == "users" else "Item features"
    return FeatureReview(owner, label, str(job.files[owner]["name"]), columns, rows[:SHOWN_ROWS], form)
