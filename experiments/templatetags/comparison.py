"""The cells of a comparison's table: hundreds a page, so that they are written here rather than tag by tag."""

from __future__ import annotations

from django.template import Library
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from experiments.selectors.comparison_metrics import Cell
from mlopspro.core.components.icons import icon

register = Library()
BEST = icon("award", 12, "best")
APART = ' <span class="muted" title="Measured otherwise: it only stands beside the others">≠</span>'


@register.filter
def metric_cell(cell: Cell) -> SafeString:
    """A figure with its mark, its change from the reference and its deviation over seeds, as a table cell."""
    best = f"{BEST} " if cell.best else ""
    change = spread = ""
    if cell.change is not None:
        change = (
            f'<span class="delta is-{cell.change.verdict}"><span aria-hidden="true">{escape(cell.change.text)}</span>'
            f'<span class="visually-hidden">{escape(cell.change.words)}</span></span>'
        )
    if cell.spread is not None:
        words = f"Mean ± standard deviation over {cell.spread.count} seeds"
        spread = f'<span class="column-hint" title="{words}">{escape(cell.spread_text)} ({cell.spread.count})</span>'
    mark = " is-best" if cell.best else ""
    start = f'<td class="is-numeric{mark}" title="{escape(cell.full)}">'
    text = f"{best}{escape(cell.text)}{APART if cell.apart else ''}{change}{spread}"
    return mark_safe(f"{start}{text}</td>")  # noqa: S308  every part is escaped above
