"""Which row of a table is to be explained, and with which values instead of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from experiments.selectors.table_explanations import LONGEST, InputColumn, input_columns
from experiments.services.explained_table import ExplainedTable
from experiments.services.spec import Problem


class ExplainRowForm(forms.Form):
    """A field a column beside the row, named v0, v1 … in the order of the columns. A value that is left out is the
    row's own."""

    row = forms.IntegerField(
        label="Row",
        min_value=1,
        max_value=2**31 - 1,
        help_text="Number of a tested row.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(
        self, model: ExplainedTable, data: Mapping[str, Any] | None = None, *, inputs: Mapping[str, str] | None = None
    ) -> None:
        self.names: dict[str, str] = {}
        if data is not None:
            data = {name: data[name] for name in data}
        for place, column in enumerate(input_columns(model)):
            self.names[f"v{place}"] = column.name
            if data is not None and inputs is not None:
                data = {**data, f"v{place}": inputs.get(column.name, "")}
        super().__init__(data)
        for place, column in enumerate(input_columns(model)):
            self.fields[f"v{place}"] = _field(column)

    @property
    def columns(self) -> list[forms.BoundField]:
        return [self[name] for name in self.names]

    def typed(self) -> dict[str, str]:
        """What was sent, by column."""
        return {name: self.cleaned_data.get(field, "") for field, name in self.names.items() if field in self.data}

    def refuse(self, problems: Iterable[Problem]) -> None:
        """Says each problem beside its field, and what is of no field above all."""
        fields = {name: field for field, name in self.names.items()}
        for problem in problems:
            field = problem.field if problem.field == "row" else fields.get(problem.field)
            self.add_error(field, problem.message)


def _field(column: InputColumn) -> forms.CharField:
    attributes = {"autocomplete": "off"} | ({"inputmode": "decimal"} if column.is_number else {})
    return forms.CharField(
        label=column.name,
        required=False,
        max_length=LONGEST,
        help_text=", ".join(column.choices[:6]) + (" …" if len(column.choices) > 6 else ""),
        widget=forms.TextInput(attrs=attributes),
    )
