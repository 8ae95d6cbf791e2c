"""The review of a table: what it is for, and which column is what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from django import forms
from pydantic import ValidationError

from experiments.forms.imports import NAMES, SEPARATORS, text_options
from experiments.forms.training import sentence
from experiments.learning.data.readers.options import ENCODINGS
from experiments.learning.data.readers.registry import READERS
from experiments.learning.data.tables import roles as checking
from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.reading import FORMATS, SeenTable
from experiments.learning.data.tables.suggest import Suggestion
from experiments.learning.data.tables.times import TimeFormat
from experiments.learning.families import ABOUT, Family

NOT_USED = ("", "– not used –")
FAMILIES = [(family.value, family.label) for family in Family]
TIME_LABELS: dict[TimeFormat, str] = {
    "auto": "2024-05-31, or seconds since 1970",
    "iso": "2024-05-31",
    "day_first": "31.05.2024",
    "month_first": "5/31/2024",
    "compact": "20240531",
    "unix_s": "seconds since 1970",
    "unix_ms": "milliseconds since 1970",
}
DECIMALS = [(".", "point ."), (",", "comma ,")]


class TableReviewForm(forms.Form):
    """How a table is read. One role field a column, ``role_0`` and so on, in the order of the columns."""

    name = forms.CharField(label="Dataset name", max_length=200)
    family = forms.ChoiceField(label="What is it for?", choices=FAMILIES)
    format = forms.ChoiceField(label="Format", choices=[(key, READERS[key].label) for key in FORMATS])
    encoding = forms.ChoiceField(label="Encoding")
    separator = forms.ChoiceField(label="Separator", choices=SEPARATORS)
    has_header = forms.BooleanField(label="The first row names the columns", required=False)
    time_format = forms.ChoiceField(
        label="Days are written as", choices=[(key, TIME_LABELS[key]) for key in get_args(TimeFormat)]
    )
    decimal = forms.ChoiceField(label="Decimal mark", choices=DECIMALS)
    control = forms.CharField(
        label="Nothing was done",
        required=False,
        max_length=200,
        help_text="The value of the action column that means so; uplift is measured against it.",
    )

    def __init__(self, *args: Any, seen: SeenTable, family: Family, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen, self.chosen_family = seen, family
        known = dict.fromkeys([*([seen.encoding] if seen.encoding else []), *ENCODINGS])
        self.fields["encoding"].choices = [(name, name) for name in known]  # type: ignore[attr-defined]
        choices = [NOT_USED, *((role.name, role.label) for role in ABOUT[family].roles)]
        for place, column in enumerate(seen.columns):
            widget = forms.Select(attrs={"aria-label": f"Role of {column}", "class": "control"})
            self.fields[f"role_{place}"] = forms.ChoiceField(
                label=column, choices=choices, required=False, widget=widget
            )
        for name in self._unused():
            del self.fields[name]

    def _unused(self) -> list[str]:
        unused = [] if self.seen.separator is not None else ["separator", "has_header"]
        if self.seen.separator is None:
            unused.append("encoding")
        if self.chosen_family is not Family.NEXT_BEST_ACTION:
            unused.append("control")
        if not any(role.name == "time" for role in ABOUT[self.chosen_family].roles):
            unused.append("time_format")
        return unused

    def role_fields(self) -> list[forms.BoundField]:
        return [self[f"role_{place}"] for place in range(len(self.seen.columns))]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        chosen = {column: str(values.get(f"role_{place}") or "") for place, column in enumerate(self.seen.columns)}
        try:
            roles = checking.from_choices(chosen, self.chosen_family, control=str(values.get("control") or "").strip())
        except ValueError as error:
            self.add_error(None, sentence(str(error)))
            return values
        for problem in checking.problems(roles, self.chosen_family, self.seen.columns):
            label = {role.name: role.label for role in ABOUT[self.chosen_family].roles}.get(problem.role, problem.role)
            self.add_error(None, sentence(f"{label} {problem.message}"))
        values["roles"] = roles
        return values

    def options(self) -> dict[str, Any]:
        """What the reader is told, JSON-able. Only after the form is valid."""
        values = self.cleaned_data
        found = text_options(self.data, with_header="has_header" in self.fields)
        if "encoding" not in self.fields:
            found.pop("encoding", None)
        options = TableOptions(
            **found,
            family=self.chosen_family,
            roles=values["roles"],
            decimal=values["decimal"],
            time_format=values.get("time_format") or "auto",
        )
        return options.model_dump(mode="json", exclude_none=True)


def table_initial(name: str, family: Family, seen: SeenTable, suggestion: Suggestion) -> dict[str, Any]:
    """Starting values of :class:`TableReviewForm`: what was detected."""
    role = {
        column: role.name for role in ABOUT[family].roles for column in _columns(getattr(suggestion.roles, role.name))
    }
    return {
        "name": name,
        "family": family.value,
        "format": seen.format,
        "encoding": seen.encoding,
        "has_header": seen.has_header,
        "separator": NAMES.get(seen.separator or "", seen.separator),
        "decimal": suggestion.decimal,
        "time_format": suggestion.time_format,
        "control": suggestion.roles.control,
        **{f"role_{place}": role.get(column, "") for place, column in enumerate(seen.columns)},
    }


def stored_initial(options: Mapping[str, Any], seen: SeenTable) -> dict[str, Any]:
    """What a person confirmed before, for an import that ended without a dataset."""
    try:
        typed = TableOptions.model_validate(dict(options))
    except ValidationError:
        return {}
    if typed.roles is None:
        return {}
    role = {column: name for name, value in typed.roles if name != "control" for column in _columns(value)}
    return {
        "decimal": typed.decimal,
        "time_format": typed.time_format,
        "control": typed.roles.control,
        **{f"role_{place}": role.get(column, "") for place, column in enumerate(seen.columns)},
    }


def _columns(value: Any) -> tuple[str, ...]:
    return tuple(each for each in ((value,) if isinstance(value, str) else value) if each)
