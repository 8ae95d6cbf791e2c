"""The plan of a trial in names and values, for its page."""

from __future__ import annotations

from mlopspro.core.formats import metric, number, share
from retraining.models import Trial
from retraining.selectors.trials import TrialView


def plan_rows(view: TrialView) -> list[tuple[str, str]]:
    """No query."""
    terms, trial, guards = view.terms, view.trial, view.terms.guards
    effect = f"{metric(terms.least_effect)} {view.metric.unit}".strip() if terms.least_effect else "not said"
    found = [
        ("Metric", f"{view.metric.title}, over {view.metric.of}"),
        ("Test", f"{trial.get_method_display()}, {share(terms.alpha, 0)} false alarms accepted"),
        ("Least difference to find", f"{effect}, with a chance of {share(terms.power, 0)}"),
        ("Users planned", number(terms.planned_users)),
        ("Length planned", f"{number(terms.days, 0 if terms.days == int(terms.days) else 1)} days"),
        ("Shares", ", ".join(f"{one.number} {share(one.share)}" for one in view.arms)),
    ]
    if trial.kind == Trial.Kind.SPLIT:
        found.append(("Metric may fall by", share(guards.quality_drop)))
    found.append(("Failed answers may rise by", f"{number(100 * guards.error_rise, 1)} points of 100"))
    slow = f"{number(100 * guards.slow_rise, 1)} points of 100 over {number(guards.slow_ms)} ms"
    return [*found, ("Slow answers may rise by", slow)]
