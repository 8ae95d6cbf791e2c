"""Words and figures of runs for templates: ``{% load runs %}``."""

from __future__ import annotations

from typing import Any

from django.template import Library

from experiments import metric_words
from experiments.learning import architectures
from experiments.models import Experiment
from experiments.selectors.active_runs import Figure

register = Library()
register.filter("metric_label", metric_words.label)
register.filter("metric_definition", metric_words.definition)
register.filter("protocol_label", metric_words.protocol_label)
register.filter("protocol_definition", metric_words.protocol_definition)


@register.filter
def figure_of(run: Experiment, figure: Figure) -> float | None:
    """A headline figure of a run; None where it was not measured."""
    found: float | None = run.metrics.get(figure.protocol, {}).get(figure.name)
    return found


@register.filter
def architecture_label(key: str) -> str:
    """The name people know it by; the key itself where the architecture is gone."""
    found = architectures.find(key)
    return found.label if found else key


@register.filter
def ordinal(number: int | None) -> str:
    """1 → "1st", 12 → "12th"."""
    if number is None:
        return ""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


@register.filter
def plain_value(value: Any) -> str:
    """A parameter as it would be typed: True → on, 0.001 → 0.001, None → –."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None or value == "" else str(value)
