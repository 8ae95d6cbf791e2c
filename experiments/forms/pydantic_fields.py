"""Form fields made from a pydantic model, so that a bound is written once and page, API and command agree.

The fields only carry text: pydantic reads it and decides. That keeps what a person typed on the page, word for word,
and gives every refusal the same sentence: the value, and what would be accepted.
"""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

from django import forms
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from experiments.learning.parameter_fields import accepted, bare

YES = ("true", "on", "1", "yes")


def form_field(name: str, info: FieldInfo) -> forms.Field:
    """The Django field for one pydantic field, with its title, help, default and bounds."""
    kind, _ = bare(info.annotation)
    label = info.title or name.replace("_", " ").capitalize()
    help_text = info.description or ""
    default = None if info.default is PydanticUndefined else info.default
    if kind is bool:
        return forms.BooleanField(label=label, help_text=help_text, required=False, initial=default)
    if get_origin(kind) is Literal:
        choices = [(str(choice), str(choice).replace("_", " ")) for choice in get_args(kind)]
        return forms.ChoiceField(label=label, help_text=help_text, initial=default, choices=choices)
    if kind in (int, float):
        said = f"{help_text.rstrip('.')}. " if help_text else ""
        what = accepted(info).removeprefix("a whole number ").removeprefix("a number ")
        return forms.CharField(
            label=label,
            initial=default,
            max_length=40,
            error_messages={"required": f"Give a value; accepted: {accepted(info)}."},
            help_text=f"{said}{what[:1].upper()}{what[1:]}, default {_shown(default)}.",
            widget=forms.TextInput(
                attrs={"inputmode": "numeric" if kind is int else "decimal", "data-numeric": "true"}
            ),
        )
    return forms.CharField(label=label, help_text=help_text, required=False, initial=default, max_length=200)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


class ModelBackedForm(forms.Form):
    """A form over one pydantic model. ``values()`` is what pydantic is to read; ``problems`` are put on the fields."""

    model: type[BaseModel]

    def values(self) -> dict[str, Any]:
        """Typed-in values by field name. A field left empty is left out and takes its default."""
        found: dict[str, Any] = {}
        for name, info in self.model.model_fields.items():
            kind, _ = bare(info.annotation)
            raw = self.data.get(self.add_prefix(name))
            if kind is bool:
                found[name] = str(raw).lower() in YES if raw is not None else False
            elif raw is not None and raw.strip():
                found[name] = raw.strip()
        return found

    def clean(self) -> dict[str, Any]:
        try:
            return self.model.model_validate(self.values()).model_dump(mode="json")
        except ValidationError as error:
            for item in error.errors(include_url=False):
                name = str(item["loc"][0]) if item["loc"] else None
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, said(item, self.model))
        return self.cleaned_data


def said(item: ErrorDetails, model: type[BaseModel]) -> str:
    """One of pydantic's findings as a sentence: the value, and what would be accepted."""
    name = str(item["loc"][0]) if item["loc"] else ""
    info = model.model_fields.get(name)
    if info is None:
        return str(item["msg"])
    given = str(item.get("input"))[:60]
    return f"{given} is not accepted; accepted: {accepted(info)}."


def form_class(model: type[BaseModel], name: str = "GeneratedForm") -> type[ModelBackedForm]:
    """A form class with one field for each field of ``model``, in its order."""
    fields = {key: form_field(key, info) for key, info in model.model_fields.items()}
    return type(name, (ModelBackedForm,), {**fields, "model": model})
