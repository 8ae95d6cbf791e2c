"""What a person says when they promote or roll back: why, whether over what speaks against it, and what they saw."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.models import ModelVersion
from experiments.services.spec import Refused

NOBODY = "none"


class ReasonForm(forms.Form):
    """``seen`` is the id of the version that was live when the page was drawn, or ``none``."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the step, for whoever asks later.",
    )
    force = forms.BooleanField(label="Promote in spite of it", required=False)
    seen_champion = forms.CharField(widget=forms.HiddenInput, max_length=40)

    @classmethod
    def seeing(cls, live: ModelVersion | None, *, reason: str = "") -> ReasonForm:
        return cls(initial={"seen_champion": str(live.pk) if live else NOBODY, "reason": reason})

    def clean_seen_champion(self) -> str:
        text = str(self.cleaned_data["seen_champion"])
        if text != NOBODY:
            try:
                uuid.UUID(text)
            except ValueError:
                raise forms.ValidationError("It names no version. Open the page again.") from None
        return text

    @property
    def seen(self) -> uuid.UUID | None:
        """After ``is_valid``."""
        text = self.cleaned_data["seen_champion"]
        return None if text == NOBODY else uuid.UUID(text)

    def refuse(self, error: Exception) -> None:
        problems: list[tuple[str, Any]] = (
            [(one.field, one.message) for one in error.problems] if isinstance(error, Refused) else [("", str(error))]
        )
        for name, message in problems:
            self.add_error(name if name in self.fields else None, sentence(message))
