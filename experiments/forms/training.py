"""The training form: what a run is asked for, gathered from the page and handed on as one LaunchSpec."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from pydantic import ValidationError

from experiments.forms.pydantic_fields import ModelBackedForm, form_class
from experiments.learning import architectures
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.learning.tabular.splits import methods_for
from experiments.models import Experiment, RunType, TrackerName
from experiments.selectors.training_choices import Choice
from experiments.services.default_split import default_split
from experiments.services.spec import (
    BACKTEST_METHOD,
    INTERACTION_FIELDS,
    INTERACTION_METHODS,
    MAX_SEED,
    SHARES,
    TABLE_FIELDS,
    LaunchSpec,
    Problem,
    SplitChoice,
    problems_of,
)

PARAMETERS = "parameters"
SPLIT_LABELS = {
    "random": "Random",
    "time": "By time",
    "leave_last_out": "Leave last out",
    "given": "As given with the files",
    "rolling_origin": "Rolling origin",
    "spatial_blocks": "Blocks of land",
}
SPLIT_HELP = {
    "random": "Rows are drawn at random with the split seed.",
    "time": "The newest rows are the test part, so a model never learns from the future.",
    "leave_last_out": "Each user's last interaction is tested, the one before it validates.",
    "given": "The files came divided into train and test, as u1.base and u1.test do.",
    "rolling_origin": "Several days are taken as today; each is tested on what came after it.",
    "spatial_blocks": "Whole squares of land are tested, so that no test place has a training place next door.",
}
# Where a field of LaunchSpec has another name on the form.
FIELDS = {
    "split": "split_method",
    "split.method": "split_method",
    "split.test_share": "test_share",
    "split.validation_share": "validation_share",
    "split.seed": "split_seed",
    "split.folds": "folds",
    "split.horizon": "horizon",
    "split.block_km": "block_km",
    "recipe_version": "recipe",
}
TYPED = ("test_share", "validation_share", "folds", "horizon", "block_km", "seed")
SPLIT_FIELDS = {"split_seed": "seed"} | {name: name for name in TYPED[:-1]}
"""Fields of the form that are fields of a split, and how it calls them."""


class RunForm(forms.Form):
    """All but the hyperparameters, which :func:`parameters_form` makes for the chosen architecture."""

    name = forms.CharField(
        label="Name", required=False, max_length=200, help_text="Left empty: made from architecture and dataset."
    )
    dataset = forms.ChoiceField(label="Dataset")
    recipe = forms.ChoiceField(label="Recipe", required=False, help_text="What an approved version says is done.")
    run_type = forms.ChoiceField(label="Kind of run", required=False, choices=RunType.choices)
    evaluates = forms.UUIDField(required=False, widget=forms.HiddenInput)
    architecture = forms.ChoiceField(label="Architecture", required=False, widget=forms.RadioSelect)
    split_method = forms.ChoiceField(label="Split", required=False)
    test_share = forms.CharField(
        label="Test share", required=False, max_length=20, help_text="Of all rows, 0.01 to 0.9."
    )
    validation_share = forms.CharField(
        label="Validation share", required=False, max_length=20, help_text="Of the rest, 0.01 to 0.5."
    )
    split_seed = forms.CharField(
        label="Split seed", required=False, max_length=20, help_text="Decides which rows are tested."
    )
    folds = forms.CharField(label="Folds", required=False, max_length=20, help_text="Origins in time, 1 to 50.")
    horizon = forms.CharField(
        label="Horizon", required=False, max_length=20, help_text="Days tested after each origin, 1 to 366."
    )
    block_km = forms.CharField(
        label="Block side", required=False, max_length=20, help_text="Kilometres of a square's side, up to 1,000."
    )
    register_as = forms.ChoiceField(
        label="Register as", required=False, help_text="The model of which it becomes a version when it completes."
    )
    auto_promote = forms.BooleanField(
        label="Promote it if the gate lets it through", required=False, help_text="Only with a model to register as."
    )
    seed = forms.CharField(label="Seed", max_length=20, help_text="Decides initial weights, shuffling and sampling.")
    processes = forms.CharField(
        label="Processes",
        required=False,
        max_length=20,
        help_text="Keras networks may be trained by several at once, with the same result.",
    )
    trackers = forms.MultipleChoiceField(
        label="Trackers", required=False, choices=TrackerName.choices, widget=forms.CheckboxSelectMultiple
    )
    tags = forms.CharField(
        label="Tags", required=False, max_length=1300, help_text="Separated by commas; up to 20 of 60 characters."
    )
    notes = forms.CharField(
        label="Notes",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why this run: what you expect or want to find out.",
    )
    idempotency_key = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    cloned_from = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, choice: Choice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choice = choice
        self._offer("dataset", [(str(row.pk), row.name) for row in choice.datasets])
        self._offer("architecture", [(found.key, found.label) for found in choice.architectures])
        self._offer("split_method", [(key, SPLIT_LABELS[key]) for key in methods_of(choice)])
        versions = [(str(version.pk), str(version)) for version in choice.versions]
        self._offer("recipe", [("", "No recipe: choose by hand"), *versions])
        self._offer("register_as", [("", "Not registered"), *((str(one.pk), one.name) for one in choice.models)])
        for name in (*TYPED, "split_seed", "processes"):
            decimal = name.endswith("share") or name == "block_km"
            self.fields[name].widget.attrs["inputmode"] = "decimal" if decimal else "numeric"

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def payload(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, in the form of LaunchSpec; an empty field is left out and takes its default."""
        typed = {name: str(self.data.get(name, "")).strip() for name in (*TYPED, "split_seed")}
        asked: dict[str, Any] = {
            "name": self.data.get("name", ""),
            "dataset": self.data.get("dataset", ""),
            "run_type": self.data.get("run_type") or RunType.TRAIN.value,
            "evaluates": self.data.get("evaluates") or None,
            "recipe_version": self.data.get("recipe") or None,
            "register_as": self.data.get("register_as") or None,
            "auto_promote": bool(self.data.get("auto_promote")),
            "trackers": self.data.getlist("trackers")
            if isinstance(self.data, QueryDict)
            else self.data.get("trackers", []),
            "tags": [tag for tag in str(self.data.get("tags", "")).split(",") if tag.strip()],
            "notes": self.data.get("notes", ""),
        }
        if typed["seed"]:
            asked["seed"] = typed["seed"]
        if processes := str(self.data.get("processes", "")).strip():
            asked["processes"] = processes
        if not (asked["recipe_version"] or asked["evaluates"]):
            split = {"method": self.data.get("split_method") or "random"}
            split |= {key: typed[name] for name, key in SPLIT_FIELDS.items() if typed[name]}
            asked |= {
                "architecture": self.data.get("architecture", ""),
                "parameters": dict(parameters),
                "split": split,
            }
        return asked

    def spec(self, parameters: Mapping[str, Any]) -> LaunchSpec | None:
        """The typed request, or None with every problem put on its field."""
        self.full_clean()
        try:
            spec = LaunchSpec.model_validate(self.payload(parameters))
        except ValidationError as error:
            self.refuse(problems_of(error))
            return None
        return spec if self.is_valid() else None

    def refuse(self, problems: list[Problem]) -> None:
        """Puts problems on their fields; those of hyperparameters and unknown fields stand above the form."""
        for problem in problems:
            name = FIELDS.get(problem.field, problem.field.split(".")[0])
            if name in self.fields and name in self.errors:
                continue
            self.add_error(name if name in self.fields else None, sentence(problem.message))


def sentence(words: str) -> str:
    """With a capital at the start and a full stop at the end."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "?")) else ".")


def parameters_form(
    architecture: AnyArchitecture, data: Mapping[str, Any] | None = None, initial: dict[str, Any] | None = None
) -> ModelBackedForm:
    """The hyperparameters of one architecture as a form, bound where ``data`` is given."""
    return form_class(architecture.parameters, "ParametersForm")(data, initial=initial, prefix=PARAMETERS)


def kept_values(typed: Mapping[str, Any], architecture: AnyArchitecture) -> dict[str, Any]:
    """What a person typed and the new architecture has too; values left at the old default are not kept."""
    previous = architectures.find(str(typed.get("parameters_of", "")))
    defaults = form_class(previous.parameters)().fields if previous else {}
    kept = {}
    for name in architecture.parameters.model_fields:
        value = typed.get(f"{PARAMETERS}-{name}")
        was = defaults.get(name)
        if value is not None and (was is None or str(was.initial) != value):
            kept[name] = value
    return kept


def methods_of(choice: Choice) -> tuple[str, ...]:
    """Ways to divide the chosen data that mean something to it."""
    if choice.run_type == RunType.BACKTEST:
        return (BACKTEST_METHOD,)
    if choice.dataset is None or not choice.dataset.is_table:
        return INTERACTION_METHODS
    roles = Roles.model_validate(choice.dataset.roles or {})
    return methods_for(Family(choice.dataset.family), roles)


def split_fields_of(method: str, *, of_table: bool) -> tuple[str, ...]:
    """Fields of the form that mean something under a method."""
    applying = set((TABLE_FIELDS if of_table else INTERACTION_FIELDS).get(method, SHARES))
    return tuple(name for name in (*TYPED[:-1], "split_seed") if SPLIT_FIELDS[name] in applying)


def initial_for(choice: Choice, clone: Experiment | None = None) -> dict[str, Any]:
    """Starting values of :class:`RunForm`: those of a run to clone, or the defaults that suit the choice."""
    dataset, source = choice.dataset, clone or choice.evaluates
    usual = default_split(dataset, choice.run_type) if dataset else SplitChoice()  # type: ignore[call-arg]
    split = usual
    if source is not None and (clone is None or clone.split.get("method") in methods_of(choice)):
        split = SplitChoice.model_validate(source.split)
    values: dict[str, Any] = {"seed": 42, "processes": 1, "trackers": TrackerName.values}
    if choice.recipe is not None:
        values["seed"] = choice.recipe.effective["pipeline"]["training"].get("seed", 42)
    if choice.evaluates is not None:
        values |= {"seed": choice.evaluates.seed, "evaluates": choice.evaluates.pk}
    if clone is not None:
        values |= {
            "name": clone.name,
            "seed": clone.seed,
            "processes": clone.processes,
            "trackers": clone.trackers,
            "tags": ", ".join(clone.tags),
            "notes": clone.notes,
            "cloned_from": clone.pk,
        }
    return values | {
        "dataset": str(dataset.pk) if dataset else "",
        "recipe": str(choice.recipe.pk) if choice.recipe else "",
        "run_type": choice.run_type.value,
        "architecture": choice.architecture(clone.architecture if clone else "").key,
        "split_method": split.method,
        **{name: getattr(split, key) for name, key in SPLIT_FIELDS.items()},
        "idempotency_key": uuid.uuid4().hex,
    }


__all__ = ["MAX_SEED", "RunForm", "initial_for", "kept_values", "methods_of", "parameters_form", "split_fields_of"]
