"""Filters of the Drift tab: which signal the address opens, and how p-values and places on a bar are written."""

from __future__ import annotations

from django.http import HttpRequest
from django.template import Library

from experiments.selectors.comparison_leads import p_words
from mlopspro.core.formats import as_float
from monitoring.selectors.drift import anchor_of

register = Library()
SIGNAL = "signal"


@register.filter
def is_opened(name: str, request: HttpRequest) -> bool:
    return request.GET.get(SIGNAL) == name


@register.filter
def opening(name: str, request: HttpRequest) -> str:
    """The address that opens a signal, or closes it where it is open. The page stays at its row."""
    query = request.GET.copy()
    if is_opened(name, request):
        del query[SIGNAL]
    else:
        query[SIGNAL] = name
    return f"?{query.urlencode()}#{anchor_of(name)}"


@register.filter
def p_value(value: object) -> str:
    return p_words(as_float(value))


@register.filter
def percent(value: object) -> float:
    """A place from 0 to 1 as a coordinate of a drawing, 0 to 100."""
    return round(100 * min(1.0, max(0.0, as_float(value) or 0.0)), 2)
