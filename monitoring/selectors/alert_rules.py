"""The rules of a model with the words for them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from experiments.models import RegisteredModel
from mlopspro.core import formats
from monitoring.alerts.readings import SignalSpec
from monitoring.alerts.specs import SIGNALS
from monitoring.models import Alert, AlertRule, Severity
from monitoring.selectors.alerts import SEVERITY_ICONS, state_badge


@dataclass(frozen=True)
class ShownRule:
    """``alert`` is its live one."""

    rule: AlertRule
    alert: Alert | None = None

    @property
    def spec(self) -> SignalSpec | None:
        return SIGNALS.get(self.rule.signal)

    @property
    def severity(self) -> dict[str, str]:
        one = Severity(self.rule.severity)
        return {"label": str(one.label), "tone": one.tone, "icon": SEVERITY_ICONS[one.value]}

    @property
    def alert_state(self) -> dict[str, str] | None:
        """Of its live alert, as a badge."""
        return state_badge(self.alert) if self.alert is not None else None

    @property
    def when(self) -> str:
        """The condition in words: "Performance below 85.0 %, 2 checks in a row; good again from 87.0 %"."""
        rule, spec = self.rule, self.spec
        if spec is None:
            return f"{rule.signal} is no signal any more"
        if spec.is_series:
            of = "days" if rule.window_seconds >= 86400 else "hours"
            return f"{spec.title} {rule.threshold:g} robust deviations from other {of}{self._row}"
        clear = ""
        if rule.clear_at is not None and rule.clear_at != rule.threshold:
            clear = f"; good again from {spec.figure(rule.clear_at)}"
        return f"{spec.title} {rule.get_comparison_display().lower()} {spec.figure(rule.threshold)}{self._row}{clear}"

    @property
    def _row(self) -> str:
        number = self.rule.for_checks
        return f", {number} readings in a row" if number > 1 else ""

    @property
    def stretch(self) -> str:
        """What it looks at, and on how many cases at least."""
        rule, spec = self.rule, self.spec
        if spec is None:
            return ""
        length = "" if spec.is_checked or spec.is_series else formats.duration(rule.window_seconds)
        cases = (
            f"{formats.number(rule.minimum_sample)} cases at least" if spec.needs_sample and rule.minimum_sample else ""
        )
        return ", ".join(filter(None, (length, cases)))

    @cached_property
    def last(self) -> dict[str, Any] | None:
        """{"figure", "at", "why"} of the newest reading; "why" there is none now. None before the first."""
        state, spec = self.rule.state, self.spec
        if spec is None or not ("at" in state or "why" in state):
            return None
        figure = state.get("figure", state.get("value"))
        return {
            "figure": spec.figure(figure) if figure is not None else "",
            "at": dt.datetime.fromisoformat(state["at"]) if "at" in state else None,
            "why": state.get("why", "") if "missing_since" in state else "",
            "sentence": state.get("sentence", ""),
        }

    @property
    def origin(self) -> str:
        """Where its thresholds come from."""
        if not self.rule.seeded:
            return f"by {self.rule.created_by}" if self.rule.created_by else "added"
        return "usual, edited" if self.rule.state.get("edited") else "usual, follows the settings"


def of_model(model: RegisteredModel) -> list[ShownRule]:
    """By name, each with its live alert: two queries."""
    live = {one.rule_id: one for one in Alert.objects.filter(rule__model=model).exclude(state=Alert.State.RESOLVED)}
    rows = AlertRule.objects.filter(model=model).select_related("created_by").order_by("-enabled", "name")
    return [ShownRule(one, live.get(one.pk)) for one in rows]
