"""What people write on a run: its name and note in one form, its tags in another."""

from __future__ import annotations

from typing import Any

from django import forms

from experiments.models import Experiment
from experiments.services.labels import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, MAX_TAG_LENGTH, plain_text, tags_of


class RunTextForm(forms.Form):
    name = forms.CharField(label="Name", max_length=MAX_NAME_LENGTH)
    note = forms.CharField(
        label="Note",
        required=False,
        max_length=MAX_NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Plain text: what you expected, what you found.",
    )

    @classmethod
    def of(cls, run: Experiment) -> RunTextForm:
        return cls(initial={"name": run.name, "note": run.notes})

    def clean_name(self) -> str:
        return _plain(self.cleaned_data["name"])

    def clean_note(self) -> str:
        return _plain(self.cleaned_data["note"].replace("\r\n", "\n"))


class TagForm(forms.Form):
    """Tags as typed, separated by commas; ``cleaned_data["tags"]`` is a list."""

    tags = forms.CharField(
        label="Tags",
        max_length=1300,
        widget=forms.TextInput(attrs={"placeholder": "baseline, tuned", "autocomplete": "off"}),
        help_text=f"Separated by commas, up to {MAX_TAG_LENGTH} characters each.",
    )

    def clean_tags(self) -> list[str]:
        try:
            return tags_of(self.cleaned_data["tags"])
        except ValueError as error:
            raise forms.ValidationError(_sentence(str(error))) from error

    @property
    def problem(self) -> str:
        """The first thing wrong, for a message; empty where nothing is."""
        errors: Any = self.errors.get("tags", [])
        return str(errors[0]) if errors else ""


def _plain(text: str) -> str:
    try:
        return plain_text(text)
    except ValueError as error:
        raise forms.ValidationError(_sentence(str(error))) from error


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
