"""The forms of a model's monitoring settings: prices for managers, everything else for who may edit a policy.

The fields take what people type; which values are accepted is said by services/monitoring_settings.py alone.
"""

from __future__ import annotations

from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.services.spec import Problem
from monitoring.models import MonitoringSettings
from monitoring.services.monitoring_settings import PRICES
from monitoring.services.scene import in_words
from monitoring.stats.thresholds import DEFAULTS

WINDOWS = (3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400)
SILENCES = (900, 3600, 6 * 3600, 86400, 7 * 86400)
STATISTICS = {
    "ks": "Kolmogorov–Smirnov distance",
    "wasserstein": "Wasserstein distance, in standard deviations",
    "psi": "Population stability index",
    "jensen_shannon": "Jensen–Shannon distance",
    "difference": "Difference of shares",
    "ratio": "Ratio of shares",
    "missing_share": "Change of the missing share",
    "infinite_share": "Change of the infinite share",
}
_PREFIX = "threshold_"
LONGEST_REASON = 500


class SettingsForm(forms.Form):
    """``changes`` are the fields as typed; ``refuse`` puts what the service says beside them."""

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Stands in the audit trail.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def changes(self) -> dict[str, Any]:
        """Call on a valid form."""
        return {name: value for name, value in self.cleaned_data.items() if name != "reason"}

    def refuse(self, problems: list[Problem]) -> None:
        for problem in problems:
            self.add_error(self.field_of(problem.field), sentence(problem.message))

    def field_of(self, name: str) -> str | None:
        return name if name in self.fields else None


def _number(label: str, help_text: str) -> forms.CharField:
    """Checked by the service, so that page, API and command say the same of a value."""
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=label, help_text=help_text, widget=widget, max_length=40)


class PricesForm(SettingsForm):
    """Dollars for errors; the counts they are multiplied with are stored, so a new price shows at once everywhere."""

    price_false_positive = _number("A false positive", "An irrelevant item shown, or a wrong label answered.")
    price_false_negative = _number("A false negative", "A relevant item missed, or a true label not answered.")
    price_over = _number("A unit too high", "Of models that answer with numbers: for each unit above the true value.")
    price_under = _number("A unit too low", "Of models that answer with numbers: for each unit below the true value.")
    field_order = (*PRICES, "reason")

    @classmethod
    def initial_of(cls, settings: MonitoringSettings) -> dict[str, Any]:
        return {name: _plain(getattr(settings, name)) for name in PRICES}


class PolicyForm(SettingsForm):
    """From when on a model counts as watched, degraded, drifted, dear or stale, and on how much data."""

    cost_limit = _number(
        "Cost limit", "Dollars a 1,000 predictions. Above it costs are watched, from twice of it acted on."
    )
    watch_below = _number("Watch below", "Share of the live baseline, 0.85 for instance: below it quality is watched.")
    degraded_below = _number(
        "Degraded below", "Share of the live baseline, 0.80 for instance: below it somebody must act."
    )
    minimum_labels = _number("Minimum labels", "Fewer judged answers are not enough data for quality and cost.")
    minimum_sample = _number("Minimum sample", "Fewer predictions, now or in the reference, are not enough for drift.")
    drift_threshold = _number("Drift threshold", "Of the drift score and of F1 instability.")
    window_seconds = forms.ChoiceField(label="Analysed stretch", help_text="Checks look at the last so much time.")
    fresh_within_seconds = forms.ChoiceField(
        label="Stale after", help_text="A live model that was not asked for so long is stale, whatever its figures say."
    )

    def __init__(self, *args: Any, settings: MonitoringSettings, **kwargs: Any) -> None:
        kwargs.setdefault("initial", self.initial_of(settings))
        super().__init__(*args, **kwargs)
        self.kept = {name: value for name, value in settings.thresholds.items() if name not in STATISTICS}
        for name, usual in (("window_seconds", WINDOWS), ("fresh_within_seconds", SILENCES)):
            chosen = sorted({*usual, getattr(settings, name)})
            field = self.fields[name]
            field.choices = [(seconds, in_words(seconds)) for seconds in chosen]  # type: ignore[attr-defined]
        for statistic, label in STATISTICS.items():
            self.fields[_PREFIX + statistic] = _number(label, f"Empty: the default, {_default(statistic)}.")
            self.fields[_PREFIX + statistic].required = False

    @classmethod
    def initial_of(cls, settings: MonitoringSettings) -> dict[str, Any]:
        plain = {name: _plain(getattr(settings, name)) for name in cls.base_fields if name != "reason"}
        return plain | {_PREFIX + name: _plain(settings.thresholds.get(name)) for name in STATISTICS}

    def changes(self) -> dict[str, Any]:
        """Thresholds of kinds of bins, which have no field, stay as they are."""
        plain = super().changes()
        given = {name: plain.pop(_PREFIX + name) for name in STATISTICS}
        return plain | {"thresholds": self.kept | {name: value for name, value in given.items() if value != ""}}

    def field_of(self, name: str) -> str | None:
        statistic = _PREFIX + name.partition("thresholds.")[2]
        return statistic if statistic in self.fields else super().field_of(name)

    @property
    def has_own_thresholds(self) -> bool:
        """Or wrong ones: then they are not to be folded away."""
        return any(one.value() or one.errors for one in self.thresholds)

    @property
    def thresholds(self) -> list[Any]:
        """Bound fields, for the part of the page that is folded away."""
        return [self[_PREFIX + name] for name in STATISTICS]


def _plain(value: Any) -> Any:
    """Whole numbers without a point, as people write them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "" if value is None else value


def _default(statistic: str) -> str:
    """It may differ by kind of signal."""
    known = sorted({kind[statistic] for kind in DEFAULTS.values() if statistic in kind})
    return f"{known[0]:g}" if len(known) == 1 else f"{known[0]:g} to {known[-1]:g} by kind of signal"
