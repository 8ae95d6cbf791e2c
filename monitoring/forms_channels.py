"""The form of a channel; one field says where to, in the words of its kind."""

from __future__ import annotations

from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.services.spec import Problem
from monitoring.models.alerts import Channel, Severity
from monitoring.services import channel_targets
from monitoring.services.channels import LONGEST_NAME, ChannelChanges, ChannelSpec

WORDS = {
    "email": ("E-mail addresses", "Separated by commas or lines, up to 20. All of them stand in one message."),
    "slack": ("Incoming webhook", "Of a Slack app, as https://hooks.slack.com/services/… It is kept sealed."),
    "webhook": ("Address", "A program's address that is posted to, over https. It is kept sealed."),
}
LONGEST = 10_000


class ChannelForm(forms.Form):
    """A new channel of a kind, or a channel that is changed: then an empty target keeps the present one."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="Who hears of it, such as On call.")
    target = forms.CharField(max_length=LONGEST)
    least_severity = forms.ChoiceField(
        choices=Severity.choices,
        initial=Severity.WARNING,
        label="From severity",
        help_text="Alerts of less severity are not told here.",
    )

    def __init__(self, *args: Any, kind: str, channel: Channel | None = None, **kwargs: Any) -> None:
        if channel is not None:
            kwargs["initial"] = {"name": channel.name, "least_severity": channel.least_severity, **_addresses(channel)}
        super().__init__(*args, **kwargs)
        self.kind, self.channel = kind, channel
        field = self.fields["target"]
        field.label, field.help_text = WORDS[kind]
        field.widget = forms.Textarea(attrs={"rows": 2}) if kind == Channel.Kind.EMAIL else forms.TextInput()
        field.widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        if channel is not None and kind != Channel.Kind.EMAIL:
            field.required = False
            field.help_text = f"Empty: {channel_targets.hidden(channel)} is kept."

    def spec(self) -> ChannelSpec:
        """Call on a valid form."""
        return ChannelSpec(kind=Channel.Kind(self.kind), **self.cleaned_data)

    def changes(self) -> ChannelChanges:
        """Call on a valid form."""
        return ChannelChanges(**self.cleaned_data)

    def refuse(self, problems: list[Problem]) -> None:
        for one in problems:
            self.add_error(one.field if one.field in self.fields else None, sentence(one.message.rstrip(".")))


def _addresses(channel: Channel) -> dict[str, str]:
    """Addresses of people are shown to who may change them; those that are posted to are not."""
    if channel.kind != Channel.Kind.EMAIL:
        return {}
    try:
        return {"target": "\n".join(channel_targets.addresses(channel))}
    except channel_targets.CannotUnseal:
        return {}
