"""The training form: what a run is asked for, gathered from the page and handed on as one LaunchSpec."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from pydantic import ValidationError

from experiments.forms.pydantic_fields import ModelBackedForm, form_class
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Dataset, Experiment, TrackerName
from experiments.services.default_split import default_split
from experiments.services.spec import MAX_SEED, LaunchSpec, Problem, SplitChoice, problems_of

DEFAULT_ARCHITECTURE = "hybrid"
PARAMETERS = "parameters"
SPLITS = [
    ("random", "Random"),
    ("time", "By time"),
    ("leave_last_out", "Leave last out"),
    ("given", "As given with the files"),
]
SPLIT_HELP = {
    "Random": "Rows are drawn at random with the split seed.",
    "By time": "The newest rows are the test part, so a model never learns from the future.",
    "Leave last out": "Each user's last interaction is tested, the one before it validates.",
    "As given": "The files came divided into train and test, as u1.base and u1.test do.",
}
# Where a field of LaunchSpec has another name on the form.
FIELDS = {
    "split": "split_method",
    "split.method": "split_method",
    "split.test_share": "test_share",
    "split.validation_share": "validation_share",
    "split.seed": "split_seed",
}


class RunForm(forms.Form):
    """All but the hyperparameters, which :func:`parameters_form` makes for the chosen architecture."""

    name = forms.CharField(
        label="Name", required=False, max_length=200, help_text="Left empty: made from architecture and dataset."
    )
    dataset = forms.ChoiceField(label="Dataset")
    architecture = forms.ChoiceField(label="Architecture", widget=forms.RadioSelect)
    split_method = forms.ChoiceField(label="Split", choices=SPLITS)
    test_share = forms.CharField(label="Test share", max_length=20, help_text="Of all rows, 0.01 to 0.9.")
    validation_share = forms.CharField(label="Validation share", max_length=20, help_text="Of the rest, 0.01 to 0.5.")
    split_seed = forms.CharField(label="Split seed", max_length=20, help_text="Decides which rows are tested.")
    seed = forms.CharField(label="Seed", max_length=20, help_text="Decides initial weights, shuffling and sampling.")
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

    def __init__(self, *args: Any, datasets: list[Dataset], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].choices = [(str(row.pk), row.name) for row in datasets]  # type: ignore[attr-defined]
        self.fields["architecture"].choices = [(key, found.label) for key, found in ARCHITECTURES.items()]  # type: ignore[attr-defined]
        for name in ("test_share", "validation_share", "split_seed", "seed"):
            self.fields[name].widget.attrs["inputmode"] = "decimal" if name.endswith("share") else "numeric"

    def payload(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, in the form of LaunchSpec; an empty field is left out and takes its default."""
        typed = {
            name: str(self.data.get(name, "")).strip()
            for name in ("split_seed", "test_share", "validation_share", "seed")
        }
        split = {"method": self.data.get("split_method") or "random"}
        split |= {
            key: typed[name]
            for key, name in (
                ("test_share", "test_share"),
                ("validation_share", "validation_share"),
                ("seed", "split_seed"),
            )
            if typed[name]
        }
        asked: dict[str, Any] = {
            "name": self.data.get("name", ""),
            "dataset": self.data.get("dataset", ""),
            "architecture": self.data.get("architecture", ""),
            "parameters": dict(parameters),
            "split": split,
            "trackers": self.data.getlist("trackers")
            if isinstance(self.data, QueryDict)
            else self.data.get("trackers", []),
            "tags": [tag for tag in str(self.data.get("tags", "")).split(",") if tag.strip()],
            "notes": self.data.get("notes", ""),
        }
        if typed["seed"]:
            asked["seed"] = typed["seed"]
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
    architecture: Architecture, data: Mapping[str, Any] | None = None, initial: dict[str, Any] | None = None
) -> ModelBackedForm:
    """The hyperparameters of one architecture as a form, bound where ``data`` is given."""
    return form_class(architecture.parameters, "ParametersForm")(data, initial=initial, prefix=PARAMETERS)


def kept_values(typed: Mapping[str, Any], architecture: Architecture) -> dict[str, Any]:
    """What a person typed and the new architecture has too; values left at the old default are not kept."""
    previous = ARCHITECTURES.get(str(typed.get("parameters_of", "")))
    defaults = form_class(previous.parameters)().fields if previous else {}
    kept = {}
    for name in architecture.parameters.model_fields:
        value = typed.get(f"{PARAMETERS}-{name}")
        was = defaults.get(name)
        if value is not None and (was is None or str(was.initial) != value):
            kept[name] = value
    return kept


def initial_for(dataset: Dataset | None, clone: Experiment | None = None) -> dict[str, Any]:
    """Starting values of :class:`RunForm`: those of a run to clone, or the defaults that suit the dataset."""
    if clone is not None:
        split = SplitChoice.model_validate(clone.split)
        values: dict[str, Any] = {
            "name": clone.name,
            "architecture": clone.architecture,
            "seed": clone.seed,
            "trackers": clone.trackers,
            "tags": ", ".join(clone.tags),
            "notes": clone.notes,
            "cloned_from": clone.pk,
        }
    else:
        split = default_split(dataset) if dataset else SplitChoice()  # type: ignore[call-arg]
        values = {"architecture": DEFAULT_ARCHITECTURE, "seed": 42, "trackers": TrackerName.values}
    return values | {
        "dataset": str(dataset.pk) if dataset else "",
        "split_method": split.method,
        "test_share": split.test_share,
        "validation_share": split.validation_share,
        "split_seed": split.seed,
        "idempotency_key": uuid.uuid4().hex,
    }


__all__ = ["MAX_SEED", "RunForm", "initial_for", "kept_values", "parameters_form"]
