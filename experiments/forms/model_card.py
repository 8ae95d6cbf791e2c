"""The form of a model card: one text a section, and which state of each the writer saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms import BoundField

from experiments.forms.training import sentence
from experiments.models import ModelVersion
from experiments.selectors.model_card import SECTIONS, About, written_of
from experiments.services.model_cards import MAX_LENGTH
from experiments.services.spec import Problem

SEEN = "seen_"


class CardForm(forms.Form):
    def __init__(self, *args: Any, version: ModelVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        written = written_of(version)
        for about in SECTIONS:
            known = written.get(about.key)
            self.fields[about.key] = forms.CharField(
                label=about.title,
                required=False,
                max_length=MAX_LENGTH,
                initial=known.text if known else "",
                help_text=about.prompt,
                widget=forms.Textarea(attrs={"rows": 5 if about.asks else 3}),
            )
            self.fields[SEEN + about.key] = forms.CharField(
                required=False, max_length=60, widget=forms.HiddenInput, initial=known.stamp if known else ""
            )

    def sections(self) -> Iterator[tuple[About, BoundField, BoundField]]:
        """(section, its text, its hidden state)."""
        for about in SECTIONS:
            yield about, self[about.key], self[SEEN + about.key]

    @property
    def texts(self) -> dict[str, str]:
        """Of the sections that were sent; after ``is_valid``."""
        return {about.key: self.cleaned_data[about.key] for about in SECTIONS if about.key in self.data}

    @property
    def seen(self) -> dict[str, str]:
        return {about.key: self.cleaned_data[SEEN + about.key] for about in SECTIONS}

    def refuse(self, problems: Iterable[Problem], fresh: ModelVersion) -> None:
        """Shows each problem at its section; what was written meanwhile counts as seen from now on."""
        found = list(problems)
        data: dict[str, Any] = dict(self.data.items())
        written = written_of(fresh)
        for problem in found:
            known = written.get(problem.field)
            data[SEEN + problem.field] = known.stamp if known else ""
        self.data = data
        for problem in found:
            self.add_error(problem.field if problem.field in self.fields else None, sentence(problem.message))
