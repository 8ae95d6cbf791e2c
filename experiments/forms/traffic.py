"""Who answers beside the champion: which version, as what, for which share of the users, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from experiments.forms.models import Refusable
from experiments.learning.families import Family
from experiments.models import ModelVersion
from experiments.services.traffic import CHALLENGER, INTERLEAVED, SHADOW


class _Shares(Refusable):
    """People think in percent, the services in shares."""

    fields_of = {"deployment": "percent", "share": "percent"}

    @property
    def share(self) -> float:
        """After ``is_valid``."""
        return float(self.cleaned_data["percent"]) / 100


def _percent() -> forms.FloatField:
    return forms.FloatField(
        label="Share of the users", help_text="In percent, 0.1 to 100.",
        widget=forms.NumberInput(attrs={"step": "0.1", "min": "0.1", "max": "100", "inputmode": "decimal"}),
        min_value=0.1, max_value=100,
    )  # fmt: skip


def _reason() -> forms.CharField:
    return forms.CharField(
        label="Reason", required=False, max_length=10_000, help_text="Kept for whoever asks later.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


class DeployForm(_Shares):
    version = forms.ChoiceField(label="Version in staging")
    role = forms.ChoiceField(
        label="As",
        choices=[(CHALLENGER.value, "Challenger: its share of the users sees its answers"),
                 (SHADOW.value, "Shadow: scored and logged, shown to nobody"),
                 (INTERLEAVED.value, "Interleaved: its share of the users sees lists of both, mixed")],
    )  # fmt: skip
    percent = _percent()
    reason = _reason()

    def __init__(self, *args: Any, versions: Sequence[ModelVersion], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {str(version.pk): version for version in versions}
        if any(Family(one.model.family).is_tabular for one in versions):
            roles = self.fields["role"]
            roles.choices = [one for one in roles.choices if one[0] != INTERLEAVED]  # type: ignore[attr-defined]
        self.fields["version"].choices = [(key, one.number) for key, one in self.versions.items()]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> ModelVersion:
        """After ``is_valid``."""
        return self.versions[self.cleaned_data["version"]]


class ShareForm(_Shares):
    percent = _percent()
    reason = _reason()


class ExplorationForm(_Shares):
    percent = forms.FloatField(
        label="Share of the lists", help_text="In percent, 0 to 100; 0 stops it.",
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "100", "inputmode": "decimal"}),
        min_value=0, max_value=100,
    )  # fmt: skip
    reason = _reason()
