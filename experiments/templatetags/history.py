"""Cells of the history's table: ``{% load history %}``. Written in Python, as a page has hundreds of them."""

from __future__ import annotations

from typing import Any

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString

from experiments.selectors.history_table import Cell, Delta
from mlopspro.core import formats
from mlopspro.core.components.icons import icon

register = Library()
SHOWN_CHARACTERS = 40
NOTHING = format_html('<span class="muted">{}</span>', formats.UNDEFINED)


@register.simple_tag
def figure_cell(cell: Cell) -> SafeString:
    """The table cell of a metric or a parameter."""
    if cell.value is None or cell.value == "":
        return format_html('<td class="{}">{}</td>', "is-numeric" if cell.column.numeric else "", NOTHING)
    if cell.column.kind == "metric":
        return _metric(cell)
    return _parameter(cell)


def _metric(cell: Cell) -> SafeString:
    known = formats.as_float(cell.value)
    figure = format_html(
        '<span class="figure" title="{}">{}</span>', "" if known is None else repr(known), formats.metric(known)
    )
    best = format_html(
        '<span class="best-mark" title="{}">{}<span class="visually-hidden">, {}</span></span>',
        cell.best,
        icon("trophy", 12),
        cell.best,
    )
    return format_html(
        '<td class="is-numeric{}">{}{}{}</td>',
        " is-best" if cell.best else "",
        best if cell.best else "",
        figure,
        _delta(cell.delta) if cell.delta else "",
    )


def _delta(delta: Delta) -> SafeString:
    """As the component ``delta``, with a mark where the two were not measured on the same data."""
    other = delta.other_data
    mark = other and format_html(
        '<span class="other-data" title="{}">{}<span class="visually-hidden">: {}</span></span>',
        other.words,
        other.mark,
        other.words,
    )
    return format_html(
        '<span class="cell-delta"><span class="delta is-{}" title="{} against the baseline">'
        '<span aria-hidden="true">{}</span><span class="visually-hidden">, {} against the baseline</span></span>{}'
        "</span>",
        delta.change.verdict,
        repr(delta.difference),
        delta.change.text,
        delta.change.words,
        mark or "",
    )


def _parameter(cell: Cell) -> SafeString:
    text = _written(cell.value)
    short = text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
    return format_html(
        '<td class="mono nowrap{}" title="{}">{}</td>', " is-numeric" if cell.column.numeric else "", text, short
    )


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
