"""The form of a policy. What is accepted, ``retraining.policy`` says; its words come back to the field they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from experiments.services.spec import Problem
from retraining.plan import Plan
from retraining.policy.policy import Policy
from retraining.policy.schedule import WEEKDAYS

MODES = (
    ("off", "Off: only shows how the model stands"),
    ("propose", "Propose: a person says yes or no"),
    ("automatic", "Automatic: retrains, tests and promotes by itself"),
)
ACTS_FROM = (("consider_soon", "Consider soon"), ("immediate", "Immediate only"))
USES = (("all", "All of it"), ("days", "The last days"), ("half_life", "With a half-life"))
PROMOTES = (("automatic", "By itself, once its canary holds"), ("ask", "When somebody approves"))
SHARES = {
    "degradation.above",
    "degradation.immediate_above",
    "new_users.above",
    "plan.data.holdout_share",
    "plan.guards.quality_drop",
}
"""Entered in per cent."""
NAMES = {
    "mode": "mode",
    "acts_from": "acts_from",
    "performance_on": "performance.on",
    "metric": "performance.metric",
    "protocol": "performance.protocol",
    "floor": "performance.floor",
    "drift_on": "drift.on",
    "drift": "drift.above",
    "instability_on": "instability.on",
    "instability": "instability.above",
    "degradation_on": "degradation.on",
    "degradation": "degradation.above",
    "degradation_immediate": "degradation.immediate_above",
    "cost_on": "cost.on",
    "cost": "cost.above",
    "schedule_on": "schedule.on",
    "weekday": "schedule.weekday",
    "hour": "schedule.hour",
    "minute": "schedule.minute",
    "zone": "zone",
    "new_rows_on": "new_rows.on",
    "new_rows": "new_rows.at_least",
    "new_users_on": "new_users.on",
    "new_users": "new_users.above",
    "new_users_least": "new_users.at_least",
    "cool_down": "brakes.cool_down_hours",
    "daily_cap": "brakes.daily_cap",
    "dry_run": "brakes.dry_run",
    "promote": "plan.promote",
    "use": "plan.data.use",
    "days": "plan.data.days",
    "half_life": "plan.data.half_life_days",
    "minimum_new": "plan.data.minimum_new",
    "holdout": "plan.data.holdout_share",
    "least_minutes": "plan.canary.least_minutes",
    "least_sample": "plan.canary.least_sample",
    "quality_drop": "plan.guards.quality_drop",
}
"""Field of the form → field of the policy."""


def _on() -> forms.BooleanField:
    return forms.BooleanField(label="On", required=False)


class PolicyForm(forms.Form):
    """Numbers are checked by the policy itself; the form only reads them."""

    mode = forms.ChoiceField(label="Mode", choices=MODES)
    acts_from = forms.ChoiceField(
        label="Acts by itself from", choices=ACTS_FROM, help_text="In mode automatic; below it, it proposes."
    )
    performance_on = _on()
    metric = forms.CharField(label="Metric", max_length=60, help_text="As the API names it, for example f1_at_10.")
    protocol = forms.ChoiceField(
        label="Protocol",
        choices=(("rated", "Rated (test data)"), ("catalogue", "Catalogue (test data)"), ("live", "Live feedback")),
    )
    floor = forms.FloatField(label="Lowest accepted")
    drift_on = _on()
    drift = forms.FloatField(label="Drift score above")
    instability_on = _on()
    instability = forms.FloatField(label="Coefficient of variation above")
    degradation_on = _on()
    degradation = forms.FloatField(label="Consider from a loss above", help_text="Of the baseline.")
    degradation_immediate = forms.FloatField(label="Immediate from a loss above", help_text="Of the baseline.")
    cost_on = _on()
    cost = forms.FloatField(label="Dollars per 1,000 predictions above")
    schedule_on = _on()
    weekday = forms.TypedChoiceField(label="Day", choices=tuple(enumerate(WEEKDAYS)), coerce=int)
    hour = forms.IntegerField(label="Hour")
    minute = forms.IntegerField(label="Minute")
    zone = forms.CharField(label="Time zone", max_length=60, help_text="For example Europe/Berlin.")
    new_rows_on = _on()
    new_rows = forms.IntegerField(label="Rows with feedback since the last training, from")
    new_users_on = _on()
    new_users = forms.FloatField(label="Rows of new users above", help_text="Of the rows the version learnt from.")
    new_users_least = forms.IntegerField(label="and from so many rows on")
    cool_down = forms.FloatField(label="Cool-down after a retraining")
    daily_cap = forms.IntegerField(label="Retrainings a day, at most")
    dry_run = forms.BooleanField(label="Dry run: decide and store, but do nothing", required=False)
    promote = forms.ChoiceField(label="Promotes", choices=PROMOTES)
    use = forms.ChoiceField(label="Learns from", choices=USES)
    days = forms.FloatField(label="Days, where it is the last days")
    half_life = forms.FloatField(label="Half-life, where there is one")
    minimum_new = forms.IntegerField(label="New interactions needed")
    holdout = forms.FloatField(label="Newest part that judges", help_text="Of the new interactions.")
    least_minutes = forms.FloatField(label="A step of the canary lasts at least")
    least_sample = forms.IntegerField(label="and until it gave so many answers")
    quality_drop = forms.FloatField(label="Rolled back from a loss of", help_text="Of the champion's live quality.")
    reason = forms.CharField(label="Reason", max_length=500, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @classmethod
    def showing(cls, policy: Policy, plan: Plan, revision: int) -> PolicyForm:
        document = policy.to_json() | {"plan": plan.to_json()}
        initial: dict[str, Any] = {"revision": revision}
        for name, place in NAMES.items():
            value = _at(document, place)
            initial[name] = round(100 * value, 6) if place in SHARES else value
        return cls(initial=initial)

    def changes(self) -> dict[str, Any]:
        """By dotted names, as ``policies.change`` takes them."""
        found = {place: self.cleaned_data[name] for name, place in NAMES.items()}
        return {place: value / 100 if place in SHARES else value for place, value in found.items()}

    def refuse(self, problems: Iterable[Problem]) -> None:
        by_place = {place: name for name, place in NAMES.items()} | {"reason": "reason"}
        for problem in problems:
            name = by_place.get(problem.field)
            self.add_error(name, problem.message if name else f"{problem.field}: {problem.message}")


class WhatIfForm(forms.Form):
    """Thresholds to try on the past; empty ones stay as agreed."""

    drift = forms.FloatField(label="Drift score above", required=False, min_value=0, max_value=1)
    degradation = forms.FloatField(label="Loss above (%)", required=False, min_value=0, max_value=100)
    cost = forms.FloatField(label="Dollars per 1,000 above", required=False, min_value=0)
    instability = forms.FloatField(label="F1 instability above", required=False, min_value=0)
    floor = forms.FloatField(label="Performance below", required=False, min_value=0)
    cool_down = forms.FloatField(label="Cool-down (hours)", required=False, min_value=0)

    PLACES: Mapping[str, str] = {
        "drift": "drift.above",
        "degradation": "degradation.above",
        "cost": "cost.above",
        "instability": "instability.above",
        "floor": "performance.floor",
        "cool_down": "brakes.cool_down_hours",
    }

    @classmethod
    def initial_of(cls, policy: Policy) -> dict[str, Any]:
        document = policy.to_json()
        found = {name: _at(document, place) for name, place in cls.PLACES.items()}
        return found | {"degradation": round(100 * found["degradation"], 6)}

    def changes(self) -> dict[str, Any]:
        given = {name: value for name, value in self.cleaned_data.items() if value is not None}
        if "degradation" in given:
            given["degradation"] /= 100
        return {self.PLACES[name]: value for name, value in given.items()}


def _at(document: Any, place: str) -> Any:
    for part in place.split("."):
        document = document[part]
    return document
