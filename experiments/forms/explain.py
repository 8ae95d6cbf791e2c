"""Which user, and if wanted which item, is to be explained."""

from __future__ import annotations

from django import forms

LONGEST_ID = 200


class ExplainForm(forms.Form):
    user = forms.CharField(
        label="User",
        max_length=LONGEST_ID,
        help_text="An id of the dataset.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    item = forms.CharField(
        label="Item",
        required=False,
        max_length=LONGEST_ID,
        help_text="Explains this one too, wherever it stands.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
