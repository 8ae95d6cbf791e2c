"""Cells of the history's table as HTML. Written in Python: a page has hundreds, and a template each takes too long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import lru_cache
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from experiments.learning import architectures
from experiments.models import Experiment
from experiments.selectors.history_table import Cell, Delta, Row
from mlopspro.core import formats
from mlopspro.core.components.display import badge
from mlopspro.core.components.icons import icon

SHOWN_CHARACTERS = 40


def fill(pattern: str, *values: object) -> SafeString:
    """Django's ``format_html`` for values that are text or markup already, at a third of its time."""
    return SafeString(pattern.format(*(one if isinstance(one, SafeString) else escape(str(one)) for one in values)))


def joined(parts: Iterable[SafeString]) -> SafeString:
    return SafeString("".join(parts))


NOTHING = fill('<span class="muted">{}</span>', formats.UNDEFINED)


def cells_of(row: Row, deleted: bool = False) -> SafeString:
    """All cells of a row: the run's name with its tick box and marks, then one ``td`` a column."""
    return joined([_name(row, deleted), *(cell_of(row.run, cell) for cell in row.cells)])


def _name(row: Row, deleted: bool) -> SafeString:
    """Deleted runs have no page, so their names lead nowhere."""
    run = row.run
    name = fill("{}", run.name)
    if not deleted:
        address = reverse("experiments:experiment", args=[run.pk])
        name = fill('<a id="open-{}" title="{}" href="{}">{}</a>', run.pk, run.name, address, run.name)
    by = fill("by {}", run.created_by) if run.created_by else ""
    return fill(
        '<th scope="row" class="is-name"><div class="run-name"><input type="checkbox" id="tick-{}" form="selection" '
        'name="run" value="{}" autocomplete="off" data-tick aria-label="Tick {}"><div>{} '
        '<span class="column-hint">{}{}</span></div></div></th>',
        run.pk,
        run.pk,
        run.name,
        name,
        _marks(row),
        by,
    )


def _marks(row: Row) -> SafeString:
    found = []
    if row.is_baseline:
        found.append(_mark("Your baseline", "flag", "baseline"))
    if row.is_pinned:
        found.append(_mark("Pinned", "pin", "pinned"))
    if row.run.is_logged:
        found.append(_badge("MLflow", "neutral", "cloud", "Logged straight to MLflow by others"))
    return joined(fill("{} ", mark) for mark in found)


def _mark(title: str, symbol: str, word: str) -> SafeString:
    return fill('<span class="run-marks" title="{}">{} {}</span>', title, icon(symbol, 12), word)


def cell_of(run: Experiment, cell: Cell) -> SafeString:
    """The ``td`` of one value."""
    if cell.column.kind == "attribute":
        write = ATTRIBUTES.get(cell.column.name, _text)
        return write(run, cell.value)
    if cell.value is None or cell.value == "":
        return fill('<td class="{}">{}</td>', "is-numeric" if cell.column.numeric else "", NOTHING)
    return _metric(cell) if cell.column.kind == "metric" else _parameter(cell)


# --- Figures ---------------------------------------------------------------------------------------------------------
def _metric(cell: Cell) -> SafeString:
    known = formats.as_float(cell.value)
    best = cell.best and fill(
        '<span class="best-mark" title="{}">{}<span class="visually-hidden">, {}</span></span>',
        cell.best,
        icon("trophy", 12),
        cell.best,
    )
    return fill(
        '<td class="is-numeric{}">{}<span class="figure" title="{}">{}</span>{}</td>',
        " is-best" if cell.best else "",
        best,
        "" if known is None else repr(known),
        formats.metric(known),
        _delta(cell.delta) if cell.delta else "",
    )


def _delta(delta: Delta) -> SafeString:
    """As the component ``delta``, with a mark where the two were not measured on the same data."""
    other = delta.other_data
    mark = other and fill(
        '<span class="other-data" title="{}">{}<span class="visually-hidden">: {}</span></span>',
        other.words,
        other.mark,
        other.words,
    )
    return fill(
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
    text = f"{cell.value:g}" if isinstance(cell.value, float) else str(cell.value)
    short = text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
    return fill(
        '<td class="mono nowrap{}" title="{}">{}</td>', " is-numeric" if cell.column.numeric else "", text, short
    )


# --- Attributes ------------------------------------------------------------------------------------------------------
def _text(run: Experiment, value: Any) -> SafeString:
    if not value:
        return fill("<td>{}</td>", NOTHING)
    return fill('<td><span class="cell-text" title="{}">{}</span></td>', value, value)


def _status(run: Experiment, value: Any) -> SafeString:
    done = ""
    if run.status == "running" and run.progress_total:
        done = fill(' <span class="muted figure">{}/{}</span>', run.progress_done, run.progress_total)
    return fill('<td class="nowrap">{}{}</td>', _badge(run.status_label, run.status_tone, run.status_icon), done)


@lru_cache(maxsize=100)
def _badge(label: str, tone: str, symbol: str, title: str = "") -> SafeString:
    """The component itself: there are few different ones."""
    values = dict(badge(label=label, tone=tone, icon=symbol, title=title))
    return SafeString(render_to_string("components/badge.html", values).strip())


def _moment(run: Experiment, value: dt.datetime | None) -> SafeString:
    """As the component ``ago``."""
    if value is None:
        return fill('<td class="nowrap"><span class="muted">{}</span></td>', "not yet")
    utc = value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return fill(
        '<td class="nowrap"><time datetime="{}" title="{}" data-ago>{}</time></td>',
        utc,
        formats.exact_time(timezone.localtime(value)),
        formats.relative_time(value, timezone.now()),
    )


def _duration(run: Experiment, value: Any) -> SafeString:
    return fill('<td class="is-numeric">{}</td>', formats.duration(run.duration))


def _dataset(run: Experiment, value: Any) -> SafeString:
    if run.dataset is None:
        return fill("<td>{}</td>", NOTHING)
    return fill(
        '<td class="nowrap"><a class="cell-text" href="{}">{}</a></td>',
        reverse("experiments:dataset", args=[run.dataset_id]),
        run.dataset.name,
    )


def _architecture(run: Experiment, value: str) -> SafeString:
    known = architectures.find(value)
    return _text(run, known.label if known else value)


def _family(run: Experiment, value: str) -> SafeString:
    return _text(run, run.get_family_display())


def _tags(run: Experiment, value: list[str]) -> SafeString:
    history = reverse("experiments:experiments")
    links = joined(
        fill('<a class="tag nowrap" href="{}?{}">{}</a>', history, urlencode({"tag": tag}), tag) for tag in value
    )
    return fill('<td><div class="cell-tags">{}</div></td>', links or NOTHING)


def _number(run: Experiment, value: int | None) -> SafeString:
    return fill('<td class="is-numeric">{}</td>', NOTHING if value is None else formats.number(value))


def _plain_number(run: Experiment, value: int | None) -> SafeString:
    return fill('<td class="is-numeric">{}</td>', NOTHING if value is None else value)


ATTRIBUTES: dict[str, Callable[[Experiment, Any], SafeString]] = {
    "status": _status,
    "created_at": _moment,
    "started_at": _moment,
    "finished_at": _moment,
    "duration": _duration,
    "dataset": _dataset,
    "architecture": _architecture,
    "family": _family,
    "run_type": lambda run, value: _text(run, run.get_run_type_display()),
    "origin": lambda run, value: _text(run, run.get_origin_display()),
    "tags": _tags,
    "seed": _plain_number,
    "best_epoch": _number,
    "total_parameters": _number,
}
"""How an attribute is written; those that are not here are text."""
