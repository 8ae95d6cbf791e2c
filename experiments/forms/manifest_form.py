"""The common fields of a manifest as a form, made from the schema. It only shows and writes the same JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.forms.utils import ErrorDict, ErrorList
from pydantic import BaseModel

from experiments.forms.manifest_paths import MISSING, Path, default_at, text_of, value_at
from experiments.forms.pydantic_fields import form_field
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import Family
from experiments.learning.parameter_fields import accepted, bare
from experiments.recipes.manifest import (
    DeploymentStage,
    DriftSettings,
    EvaluationStage,
    Manifest,
    MinimumHistory,
    Threshold,
    Training,
    Validation,
)

TRAINING: Path = ("pipeline", "training")
ARCHITECTURE: Path = (*TRAINING, "architecture")
PARAMETERS: Path = (*TRAINING, "parameters")
EVALUATION: Path = ("pipeline", "evaluation")
THRESHOLDS: Path = (*EVALUATION, "metrics")
REMOVE = "remove:"
ADD_METRIC, ADD_MINIMUM, ADD_MAXIMUM = "add.metric", "add.minimum", "add.maximum"
WAS = "form_was"

METHODS = {
    Family.RECOMMENDATION: ("auto", "random", "time", "leave_last_out", "given"),
    Family.FORECASTING: ("auto", "rolling_origin", "time"),
    Family.PRICING: ("auto", "time", "random"),
    Family.NEXT_BEST_ACTION: ("auto", "time", "random"),
    Family.LOCATION_SCORING: ("auto", "spatial_blocks", "random"),
}
_FOLDS = {Family.FORECASTING, Family.LOCATION_SCORING}


@dataclass(frozen=True)
class Section:
    """A part of the manifest whose fields stand together; ``only`` leaves out the others."""

    title: str
    path: Path
    model: type[BaseModel]
    only: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class FormField:
    """One value of the manifest as a field. Its name on the page is its dotted path."""

    path: Path
    kind: Any
    field: forms.Field

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class ShownField:
    bound: forms.BoundField
    here: bool
    """This level says it; otherwise it is inherited, or the product's default."""
    inherited: str
    """What it would be if this level said nothing."""
    is_default: bool
    """Whether no level above says it."""

    @property
    def origin(self) -> str:
        """Where the value comes from, in words; empty for a default, which the help names."""
        if self.here:
            words = {"true": "on", "false": "off"}.get(self.inherited, self.inherited)
            return f"Said here, otherwise {words}." if words and words != str(self.bound.value()) else "Said here."
        return "" if self.is_default else "Inherited."


@dataclass(frozen=True)
class ShownSection:
    title: str
    note: str
    fields: list[ShownField]

    @property
    def said(self) -> int:
        return sum(one.here for one in self.fields)

    @property
    def has_errors(self) -> bool:
        return any(one.bound.errors for one in self.fields)


@dataclass(frozen=True)
class ShownThreshold:
    metric: str
    fields: list[ShownField]
    here: bool


class _Fields(forms.Form):
    """Shows values and the problems found by the schema; it never judges by itself."""

    def __init__(self, fields: Sequence[FormField], values: Mapping[str, Any], problems: Mapping[str, str]) -> None:
        super().__init__(initial=dict(values), use_required_attribute=False)
        self.fields.update({one.name: one.field for one in fields})
        self._errors = ErrorDict({name: ErrorList([words]) for name, words in problems.items() if name in self.fields})


@dataclass
class ManifestForm:
    """The form of one text: ``own`` is what this level says, ``parent`` what it inherits (both parsed).

    ``typed`` are values that could not be written yet because the text cannot be read; they stay in their fields.
    """

    own: Mapping[str, Any]
    parent: Mapping[str, Any]
    family: Family
    problems: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sections_of = sections(self.family)
        thresholds = {key: [*_fields((*THRESHOLDS, key), Threshold)] for key in self._metrics()}
        self.parameters = list(self._parameter_fields())
        grouped = {one.title: [*self._section_fields(one)] for one in self.sections_of}
        self.fields = [one for group in grouped.values() for one in group] + self.parameters
        self.fields += [one for rows in thresholds.values() for one in rows]
        values = {one.name: self.value(one.path) for one in self.fields}
        self.was = {one.name: text_of(values[one.name]) for one in self.fields}
        shown = {one.name: _initial(one.kind, values[one.name]) for one in self.fields}
        kinds = {one.name: one.kind for one in self.fields}
        shown |= {
            name: text == "true" if kinds[name] is bool else text for name, text in self.typed.items() if name in kinds
        }
        self.form = _Fields(self.fields, shown, self.problems)
        self.sections = [
            ShownSection(one.title, one.note, [self._shown(field) for field in grouped[one.title]])
            for one in self.sections_of
        ]
        words = "" if self.architecture else "Choose an architecture of this family first."
        self.sections.insert(1, ShownSection("Hyperparameters", words, [self._shown(one) for one in self.parameters]))
        self.thresholds = [
            ShownThreshold(
                key, [self._shown(one) for one in rows], value_at(self.own, (*THRESHOLDS, key)) is not MISSING
            )
            for key, rows in thresholds.items()
        ]

    @property
    def was_text(self) -> str:
        """What the fields showed, for telling later which of them a person changed."""
        return json.dumps(self.was, ensure_ascii=False)

    @property
    def architecture(self) -> Any:
        key = self.value(ARCHITECTURE)
        return ARCHITECTURES_OF[self.family].get(key) if isinstance(key, str) else None

    def value(self, path: Path) -> Any:
        """What holds: what this level says, else what it inherits, else the default; null asks for the default."""
        own = value_at(self.own, path)
        if own is None:
            return self.default(path)
        return self.inherited(path) if own is MISSING else own

    def inherited(self, path: Path) -> Any:
        found = value_at(self.parent, path)
        return self.default(path) if found is MISSING else found

    def default(self, path: Path) -> Any:
        if path[: len(PARAMETERS)] == PARAMETERS and len(path) > len(PARAMETERS):
            return default_at(self.architecture.parameters, path[len(PARAMETERS) :]) if self.architecture else MISSING
        if path[: len(THRESHOLDS)] == THRESHOLDS and len(path) > len(THRESHOLDS):
            return default_at(Threshold, path[len(THRESHOLDS) + 1 :])
        return default_at(Manifest, path)

    def _shown(self, one: FormField) -> ShownField:
        return ShownField(
            self.form[one.name],
            value_at(self.own, one.path) is not MISSING,
            text_of(self.inherited(one.path)),
            value_at(self.parent, one.path) is MISSING,
        )

    def _metrics(self) -> list[str]:
        own, parent = value_at(self.own, THRESHOLDS), value_at(self.parent, THRESHOLDS)
        found = (dict(parent) if isinstance(parent, dict) else {}) | (own if isinstance(own, dict) else {})
        return [key for key, value in found.items() if value is not None]

    def _section_fields(self, section: Section) -> Iterable[FormField]:
        for one in _fields(section.path, section.model, section.only):
            if one.path == ARCHITECTURE:
                labels = [(key, found.label) for key, found in ARCHITECTURES_OF[self.family].items()]
                yield self._choice(one, labels, "Architecture")
            elif one.path == (*EVALUATION, "validation", "method"):
                yield self._choice(one, [(key, key.replace("_", " ")) for key in METHODS[self.family]], "Method")
            else:
                yield one

    def _choice(self, one: FormField, choices: list[tuple[str, str]], label: str) -> FormField:
        """A select. A value that is not among the choices stays visible, as the text says it."""
        now = self.value(one.path)
        if now is MISSING:
            choices = [("", "Choose one"), *choices]
        elif now not in dict(choices):
            choices = [*choices, (text_of(now), f"{text_of(now)} (not of this family)")]
        return FormField(one.path, str, forms.ChoiceField(label=label, choices=choices))

    def _parameter_fields(self) -> Iterable[FormField]:
        if self.architecture is not None:
            yield from _fields(PARAMETERS, self.architecture.parameters)


def sections(family: Family) -> tuple[Section, ...]:
    """What the form shows for a family; the text may say everything else as well."""
    table = family.is_tabular
    validation = ["method", "test_share", "validation_share"]
    validation += ["folds"] if family in _FOLDS else []
    validation += ["horizon"] if family is Family.FORECASTING else []
    validation += ["block_km"] if family is Family.LOCATION_SCORING else []
    deployment = [name for name in DeploymentStage.model_fields if name != "list_length" or not table]
    history = ("rows", "days") if table else tuple(MinimumHistory.model_fields)
    return (
        Section("Architecture", TRAINING, Training, ("architecture", "seed")),
        Section("Validation", (*EVALUATION, "validation"), Validation, (*validation, "seed")),
        Section("Headline metric", EVALUATION, EvaluationStage, ("headline",)),
        Section("Least history", ("requirements", "min_history"), MinimumHistory, history),
        Section("Deployment", ("pipeline", "deployment"), DeploymentStage, tuple(deployment)),
        Section("Drift", ("monitoring", "drift"), DriftSettings, tuple(DriftSettings.model_fields)),
    )


def _fields(path: Path, model: type[BaseModel], only: Sequence[str] = ()) -> Iterable[FormField]:
    for name, info in model.model_fields.items():
        if only and name not in only:
            continue
        kind, nullable = bare(info.annotation)
        made = form_field(name, info)
        made.required = False
        if nullable and kind in (int, float):
            made.help_text = (f"{info.description.rstrip('.')}. " if info.description else "") + (
                f"{accepted(info).capitalize()}, or empty."
            )
        yield FormField((*path, name), kind, made)


def _initial(kind: Any, value: Any) -> Any:
    return value is True if kind is bool else text_of(value)
