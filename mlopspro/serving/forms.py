"""What a person asks a live model on the page: a user, or the values of one row."""

from __future__ import annotations

from typing import Any

from django import forms

from mlopspro.serving.answers import DEFAULT_N, LONGEST_USER, MOST_N
from mlopspro.serving.problems import CannotAnswer
from mlopspro.serving.table_inputs import LONGEST_TEXT, Column, TableInputs


class AskForm(forms.Form):
    user = forms.CharField(
        label="User",
        max_length=LONGEST_USER,
        help_text="An id as your data has it; an unknown one is fine.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    n = forms.IntegerField(label="Items", min_value=1, max_value=MOST_N, initial=DEFAULT_N, required=False)
    explain = forms.BooleanField(label="With reasons", required=False)

    def clean_n(self) -> int:
        return int(self.cleaned_data.get("n") or DEFAULT_N)

    def refuse(self, error: CannotAnswer) -> None:
        fields = {"user_id": "user", "n": "n"}
        for problem in error.problems:
            self.add_error(fields.get(problem.field), f"{problem.field} {problem.message}.")


class RowForm(forms.Form):
    """One field a column that the model reads; names of fields are places, as columns may be called anything."""

    def __init__(self, *args: Any, inputs: TableInputs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inputs = inputs
        for place, column in enumerate(inputs.columns):
            self.fields[f"column-{place}"] = _field(column)

    @property
    def row(self) -> dict[str, Any]:
        """After ``is_valid``: value by column, without those left empty."""
        found = {column.name: self.cleaned_data[f"column-{place}"] for place, column in enumerate(self.inputs.columns)}
        return {name: value for name, value in found.items() if value not in (None, "")}

    def refuse(self, error: CannotAnswer) -> None:
        places = {f"rows[0].{column.name}": f"column-{place}" for place, column in enumerate(self.inputs.columns)}
        for problem in error.problems:
            self.add_error(places.get(problem.field), problem.message)


def _field(column: Column) -> forms.Field:
    asked: dict[str, Any] = {"label": column.name, "required": column.required, "help_text": column.role.capitalize()}
    attributes = {"autocomplete": "off", "placeholder": column.example}
    if column.kind == "number":
        return forms.FloatField(**asked, widget=forms.TextInput(attrs={**attributes, "inputmode": "decimal"}))
    if column.kind == "time":
        attributes["placeholder"] = "2026-11-21"
        return forms.CharField(**asked, max_length=40, widget=forms.TextInput(attrs=attributes))
    return forms.CharField(**asked, max_length=LONGEST_TEXT, widget=forms.TextInput(attrs=attributes))
