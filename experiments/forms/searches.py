"""The form of a new search: for each hyperparameter its value, and whether and where it is searched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from pydantic import ValidationError

from experiments.forms.pydantic_fields import ModelBackedForm
from experiments.forms.training import RunForm, sentence
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.parameter_fields import accepted
from experiments.learning.search.defaults import suggested, usual_space
from experiments.learning.search.measures import Measure, has_curve
from experiments.learning.search.space import Interval, choices_of, is_number
from experiments.metric_words import label, protocol_label
from experiments.services.search_request import MOST_PARALLEL, MOST_TRIALS, SearchRequest
from experiments.services.spec import Problem, problems_of

SPACE = "space"
SAMPLERS = (
    ("tpe", "Learn from past trials (TPE)"),
    ("even", "Cover the space evenly, like a grid"),
    ("random", "At random"),
)
PRUNERS = (
    ("", "As suits architecture and metric"),
    ("median", "Stop those whose curve is below the median"),
    ("none", "Let all end"),
)
WITHOUT_EPOCHS = (("", "Let all end, as it has no epochs to judge by"),)
BASE = ("dataset", "architecture", "parameters", "split", "seed")
"""Fields of a launch that are fields of a search, too."""
CHOSEN = ("metric", "trials", "parallel", "sampler", "pruner")


class SearchForm(forms.Form):
    """All but data, split and hyperparameters, which the training form's own fields ask for."""

    search_name = forms.CharField(
        label="Name", required=False, max_length=160, help_text="Left empty: made from architecture and dataset."
    )
    metric = forms.ChoiceField(
        label="Judge by", help_text="Measured on the validation part; the test part never decides."
    )
    trials = forms.CharField(
        label="Trials", max_length=6, initial=20, help_text=f"How many trainings in all, 1 to {MOST_TRIALS:,}."
    )
    parallel = forms.CharField(
        label="At a time",
        max_length=4,
        initial=2,
        help_text=f"Trials that run beside each other, 1 to {MOST_PARALLEL}.",
    )
    sampler = forms.ChoiceField(label="How values are chosen", choices=SAMPLERS)
    pruner = forms.ChoiceField(label="Hopeless trials")

    def __init__(self, *args: Any, measures: list[Measure], architecture: AnyArchitecture, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("metric", [(one.key, _words(one)) for one in measures])
        self._offer("pruner", PRUNERS if has_curve(architecture) else WITHOUT_EPOCHS)
        self.fields["pruner"].required = False
        for name in ("trials", "parallel"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def refuse(self, problems: list[Problem], run_form: RunForm, rows: list[SpaceRow]) -> None:
        """Puts each problem on its field, on its row of the space, or above the form."""
        by_name = {row.name: row for row in rows}
        for problem in problems:
            first, _, rest = problem.field.partition(".")
            words = sentence(problem.message)
            name, _, part = rest.partition(".")
            if first == SPACE and name in by_name:
                by_name[name].errors.append(f"{PARTS.get(part, '')}{words}")
            elif first == "name":
                self.add_error("search_name", words)
            elif first in self.fields:
                if first not in self.errors:
                    self.add_error(first, words)
            elif first in ("parameters", "space"):
                self.add_error(None, f"{rest}: {words}" if rest else words)
            else:
                run_form.refuse([problem])

    def request(
        self, run_form: RunForm, parameters: ModelBackedForm, rows: list[SpaceRow]
    ) -> SearchRequest | list[Problem]:
        """The typed request, or every problem of its form."""
        base = run_form.payload(parameters.values())
        asked: dict[str, Any] = {name: base[name] for name in BASE if name in base}
        asked |= {"name": self.data.get("search_name", ""), "space": {row.name: row.said() for row in rows if row.on}}
        for name in CHOSEN:
            if str(self.data.get(name, "")).strip():
                asked[name] = str(self.data[name]).strip()
        try:
            return SearchRequest.model_validate(asked)
        except ValidationError as error:
            return problems_of(error)


PARTS = {"low": "From: ", "high": "To: ", "step": "Step: ", "choices": "Choices: "}


@dataclass
class SpaceRow:
    """One hyperparameter: ``value`` is its field; while ``on``, it is searched from ``low`` to ``high``."""

    name: str
    label: str
    help: str
    accepted: str
    value: BoundField
    is_number: bool
    on: bool = False
    low: str = ""
    high: str = ""
    step: str = ""
    log: bool = False
    choices: list[tuple[str, bool]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def said(self) -> dict[str, Any]:
        """In the form of a search's space, as it was typed."""
        if not self.is_number:
            return {"choices": [choice for choice, chosen in self.choices if chosen]}
        return {"low": self.low, "high": self.high, "log": self.log, **({"step": self.step} if self.step else {})}


def space_rows(
    architecture: AnyArchitecture, parameters: ModelBackedForm, typed: Mapping[str, Any] | None = None
) -> list[SpaceRow]:
    """A row for each hyperparameter that can be searched, those that usually matter first and switched on.

    Args:
        parameters: the form of their values, around which ranges are suggested.
        typed: what a person has typed; None where nothing was yet.
    """
    values = _values(architecture, parameters)
    usual = usual_space(architecture.parameters, values)
    fields = architecture.parameters.model_fields
    rows = [_row(name, architecture, parameters, values, name in usual) for name in fields]
    rows.sort(key=lambda row: list(usual).index(row.name) if row.name in usual else len(usual))
    if typed is not None:
        for row in rows:
            _type_in(row, typed)
    return rows


def _row(
    name: str, architecture: AnyArchitecture, parameters: ModelBackedForm, values: Mapping[str, Any], on: bool
) -> SpaceRow:
    info = architecture.parameters.model_fields[name]
    row = SpaceRow(
        name=name,
        label=info.title or name,
        help=info.description or "",
        accepted=accepted(info),
        value=parameters[name],
        is_number=is_number(info),
        on=on,
        choices=[(str(choice), True) for choice in choices_of(info)],
    )
    if (found := suggested(name, info, values.get(name))) is not None:
        _fill(row, found)
    return row


def _fill(row: SpaceRow, found: Interval) -> None:
    row.low, row.high = f"{found.low:g}", f"{found.high:g}"
    row.step, row.log = f"{found.step:g}" if found.step else "", found.log


def _type_in(row: SpaceRow, typed: Mapping[str, Any]) -> None:
    prefix = f"{SPACE}-{row.name}"
    row.on = f"{prefix}-on" in typed
    if f"{prefix}-low" in typed:
        row.low, row.high = (str(typed.get(f"{prefix}-{part}", "")).strip()[:40] for part in ("low", "high"))
        row.step = str(typed.get(f"{prefix}-step", "")).strip()[:40]
        row.log = f"{prefix}-log" in typed
    if row.choices and f"{prefix}-offered" in typed:
        row.choices = [(choice, f"{prefix}-is-{choice}" in typed) for choice, _ in row.choices]


def _values(architecture: AnyArchitecture, parameters: ModelBackedForm) -> dict[str, Any]:
    """Values that stand in the form, typed; the defaults where they cannot be read."""
    defaults: dict[str, Any] = architecture.parameters().model_dump()
    given = parameters.values() if parameters.is_bound else dict(parameters.initial)
    try:
        return architecture.parameters.model_validate(defaults | given).model_dump()
    except ValidationError:
        return defaults


def _words(measure: Measure) -> str:
    way = "highest" if measure.maximise else "lowest"
    return f"{label(measure.name)} ({protocol_label(measure.protocol).lower()}), {way} is best"
