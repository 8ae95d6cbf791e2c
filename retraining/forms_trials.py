"""The form of a trial: what is tried, by which test, and how large it is planned. What holds, the service says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms

from experiments.forms.training import sentence
from experiments.services.spec import Problem
from retraining.models import Trial
from retraining.services.trial_metrics import CREDIT

KINDS = (
    (Trial.Kind.SPLIT, "Split: each user stays with one version for the whole trial"),
    (Trial.Kind.INTERLEAVING, "Interleaving: both versions in one list, and clicks decide; needs far fewer users"),
)
METHODS = (
    (Trial.Method.SEQUENTIAL, "Always valid: may be read at any time, and ends early when the difference is large"),
    (Trial.Method.FIXED, "Fixed horizon: read once, at its end; finds the same with somewhat fewer users"),
)
GIVEN = (
    ("days", "A length of time: what can it show?"),
    ("least_effect", "A difference worth finding: how long does it take?"),
    ("planned_users", "A number of users: what can they show?"),
)
PER_CENT = ("control_share", "alpha", "power", "quality_drop", "error_rise", "slow_rise")
"""Entered in per cent."""
GUARDS = ("quality_drop", "error_rise", "slow_rise", "slow_ms")
MEASURED = ("baseline", "scatter", "users_a_day")
USUAL: Mapping[str, Any] = {
    "kind": Trial.Kind.SPLIT,
    "method": Trial.Method.SEQUENTIAL,
    "given": "days",
    "days": 14,
    "alpha": 5,
    "power": 80,
    "quality_drop": 5,
    "error_rise": 1,
    "slow_rise": 2,
    "slow_ms": 200,
}
"""Two whole weeks, so that each day of the week counts twice."""


def _number(label: str, *, required: bool = False, least: float = 0, **options: Any) -> forms.FloatField:
    widget = forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"})
    return forms.FloatField(label=label, required=required, min_value=least, widget=widget, **options)


class TrialForm(forms.Form):
    """``variants``: (number, label) of the versions that may be tried; ``metrics``: (name, title); ``lists``: whether
    the model answers lists, which can be interleaved."""

    name = forms.CharField(label="Name", max_length=120)
    kind = forms.ChoiceField(label="Kind", choices=KINDS, widget=forms.RadioSelect)
    variants = forms.MultipleChoiceField(label="Try", widget=forms.CheckboxSelectMultiple)
    metric = forms.ChoiceField(label="Metric")
    method = forms.ChoiceField(label="Test", choices=METHODS, widget=forms.RadioSelect)
    control_share = _number("Users who keep production", required=True, help_text="The rest is shared evenly.")
    given = forms.ChoiceField(label="Plan from", choices=GIVEN, widget=forms.RadioSelect)
    days = _number("Days")
    least_effect = _number("Least difference", help_text="In the metric's own unit.")
    planned_users = forms.IntegerField(label="Users, of all versions together", required=False, min_value=0)
    alpha = _number("False alarms accepted", required=True, help_text="Of trials between equal versions.")
    power = _number("Chance to find it", required=True, help_text="Where the difference is that large.")
    baseline = _number("Value of production", help_text="Left empty: as measured.")
    scatter = _number("Scatter between users", help_text="Standard deviation of one user's value.")
    users_a_day = _number("Users a day", help_text="Who come for the first time in the trial.")
    quality_drop = _number("Quality falls by", required=True, help_text="The metric, of production's figure.")
    error_rise = _number("More failed answers", required=True, help_text="In points of a hundred.")
    slow_rise = _number("More slow answers", required=True, help_text="In points of a hundred.")
    slow_ms = _number("Slow is above", required=True)

    def __init__(
        self,
        *args: Any,
        variants: Sequence[tuple[str, str]],
        metrics: Sequence[tuple[str, str]],
        lists: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["variants"].choices = list(variants)  # type: ignore[attr-defined]
        self.fields["metric"].choices = list(metrics)  # type: ignore[attr-defined]
        self.fields["kind"].choices = KINDS if lists else KINDS[:1]  # type: ignore[attr-defined]

    def planned_by(self) -> tuple[str, ...]:
        """Fields that the planner reads: those of the size only where they are the one that is given."""
        given = (self.cleaned_data if self.is_bound else self.initial).get("given") or "days"
        return ("kind", "metric", "method", "given", str(given), "control_share", "alpha", "power", *MEASURED)

    def document(self) -> dict[str, Any]:
        """As ``services.trials.draft`` takes it. Of the three ways to say the size only the one chosen is given."""
        data = self.cleaned_data
        found: dict[str, Any] = {name: data[name] for name in ("name", "kind", "method", "variants")}
        found["metric"] = CREDIT if data["kind"] == Trial.Kind.INTERLEAVING else data["metric"]
        found |= {name: data[name] / 100 for name in ("control_share", "alpha", "power")}
        size = data[data["given"]]
        found |= {data["given"]: size} if size else {}
        found["guards"] = {name: data[name] / (100 if name in PER_CENT else 1) for name in GUARDS}
        return found

    def refuse(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            name = problem.field.removeprefix("guards.")
            known = name if name in self.fields else {"shares": "control_share"}.get(name)
            words = sentence(problem.message)
            self.add_error(known, words if known else f"{problem.field}: {words}")


def initial_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values of a stored plan: shares in per cent."""
    flat = dict(plan) | dict(plan.get("guards") or {})
    flat.pop("guards", None)
    return {
        name: round(100 * value, 6) if name in PER_CENT and isinstance(value, int | float) else value
        for name, value in flat.items()
    }
