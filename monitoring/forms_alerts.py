"""The form of an alert rule. What is accepted stands in services/alert_terms.py and nowhere else."""

from __future__ import annotations

from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.models import RegisteredModel
from experiments.services.spec import Problem
from monitoring.alerts.specs import SIGNALS
from monitoring.models import AlertRule, Channel, Severity
from monitoring.services.alert_terms import LONGEST_NAME, USUAL

WINDOWS = (
    (300, "5 minutes"),
    (900, "15 minutes"),
    (3600, "1 hour"),
    (6 * 3600, "6 hours"),
    (86400, "1 day"),
)
GROUPS = (
    ("Judged by the checks", lambda spec: spec.is_checked),
    ("Of the last minutes", lambda spec: not spec.is_checked and not spec.is_series),
    ("A series against its own past", lambda spec: spec.is_series),
)
COMPARISONS = (("", "As suits the signal"), *AlertRule.Comparison.choices)
NUMBERS = ("threshold", "clear_at", "window_seconds", "minimum_sample", "for_checks")


def signal_choices() -> list[Any]:
    """In groups, as a select shows them."""
    return [(label, [(s.name, s.title) for s in SIGNALS.values() if belongs(s)]) for label, belongs in GROUPS]


class RuleForm(forms.Form):
    """A new rule, or with ``rule`` the changes to one; what a seeded rule is about stays as it is."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="What the message says, such as Checkout errors.")
    signal = forms.ChoiceField(label="Signal", choices=signal_choices)
    comparison = forms.ChoiceField(
        label="Bad is", choices=COMPARISONS, required=False, help_text="Unlike its own past: for series alone."
    )
    threshold = forms.CharField(
        label="Threshold",
        max_length=20,
        help_text="Shares as fractions: 0.85 is 85 %. For a series: robust standard deviations, usually 6.",
    )
    clear_at = forms.CharField(
        label="Good again from",
        max_length=20,
        required=False,
        help_text="On the good side of the threshold, so that it does not flap. Empty: the threshold.",
    )
    for_checks = forms.CharField(
        label="In a row", max_length=5, initial=USUAL["for_checks"], help_text="Bad readings before it opens."
    )
    window_seconds = forms.ChoiceField(
        label="Window",
        choices=WINDOWS,
        initial=USUAL["window_seconds"],
        help_text="Of the last minutes, and of series (1 hour or 1 day). Checks look at the model's own stretch.",
    )
    minimum_sample = forms.CharField(
        label="Smallest sample",
        max_length=12,
        initial=USUAL["minimum_sample"],
        help_text="On fewer cases there is no reading.",
    )
    severity = forms.ChoiceField(choices=Severity.choices, initial=USUAL["severity"])
    channels = forms.MultipleChoiceField(
        label="Tell", required=False, widget=forms.CheckboxSelectMultiple, help_text="None ticked: every channel."
    )

    def __init__(
        self, *args: Any, model: RegisteredModel, rule: AlertRule | None = None, offered: list[Channel], **kwargs: Any
    ) -> None:
        if rule is not None:
            kwargs.setdefault("initial", _initial(rule))
        super().__init__(*args, **kwargs)
        self.model, self.rule = model, rule
        self.fields["channels"].choices = [(str(one.pk), one.name) for one in offered]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["channels"]
        if rule is not None:
            self._keep_window(rule.window_seconds)
            if rule.seeded:
                del self.fields["signal"], self.fields["comparison"]

    def asked(self) -> dict[str, Any] | None:
        """The values as the service takes them, None where a field of the form is not filled in."""
        if not self.is_valid():
            return None
        values = dict(self.cleaned_data)
        if not values.get("comparison", True):
            del values["comparison"]
        return values

    def refuse(self, problems: list[Problem]) -> None:
        for one in problems:
            self.add_error(one.field if one.field in self.fields else None, sentence(one.message))

    def _keep_window(self, seconds: int) -> None:
        """A length that was set through the API stays offered."""
        field: Any = self.fields["window_seconds"]
        if seconds not in dict(WINDOWS):
            field.choices = sorted([*WINDOWS, (seconds, f"{seconds:,} seconds")])


def _initial(rule: AlertRule) -> dict[str, Any]:
    same = ("name", "signal", "comparison", "severity", *NUMBERS)
    found = {name: getattr(rule, name) for name in same}
    for name in ("threshold", "clear_at"):
        found[name] = "" if found[name] is None else f"{found[name]:.12g}"
    return found | {"channels": [str(pk) for pk in rule.channels.values_list("pk", flat=True)]}
