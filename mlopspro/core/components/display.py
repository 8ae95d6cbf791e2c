"""Components that show one thing: a state, a change, a time, an id, a block of text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from django.utils import timezone

from mlopspro.core import formats
from mlopspro.core.components.registry import component

Tone = Literal["neutral", "info", "good", "warning", "bad"]
TONE_ICONS = {
    "neutral": "circle",
    "info": "info",
    "good": "circle-check",
    "warning": "triangle-alert",
    "bad": "circle-alert",
}


def _looks(obj: Any) -> tuple[str, str, str]:
    """Label, tone and icon of a status, or of an object that has one (``status_label`` wins over ``label``)."""
    if isinstance(obj, Mapping):
        return obj["label"], obj.get("tone", "neutral"), obj.get("icon", "")
    prefix = "status_" if hasattr(obj, "status_label") else ""
    label = getattr(obj, f"{prefix}label", obj)
    return str(label), str(getattr(obj, f"{prefix}tone", "neutral")), str(getattr(obj, f"{prefix}icon", ""))


@component()
def badge(status: Any = None, *, label: str = "", tone: str = "", icon: str = "", title: str = "") -> dict[str, Any]:
    """A state in icon, word and colour, from anything with label, tone and icon, or from the arguments."""
    found = _looks(status) if status not in (None, "") else ("", "neutral", "")
    label, tone = label or found[0], tone or found[1] or "neutral"
    icon = icon or found[2] or TONE_ICONS.get(tone, "circle")
    return {"label": label, "tone": tone, "icon": icon, "title": title, "turning": icon == "loader-circle"}


@component()
def delta(
    difference: Any, *, better: formats.Better = "higher", digits: int = 2, against: str = "", unit: str = ""
) -> dict[str, Any]:
    """A change: arrow by direction, colour by better or worse. ``against`` names what it is a change from."""
    found = formats.change(difference, better, digits)
    return {"change": found, "full": difference, "against": against, "unit": unit}


@component()
def ago(when: dt.datetime | None, *, otherwise: str = formats.UNDEFINED) -> dict[str, Any]:
    """A time as "3 min ago", with the exact local time on hover; the page's script keeps it right."""
    if when is None:
        return {"when": None, "otherwise": otherwise}
    utc = when.astimezone(dt.UTC)
    return {
        "when": when,
        "iso": utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "text": formats.relative_time(when, timezone.now()),
        "exact": formats.exact_time(timezone.localtime(when)),
    }


@component()
def metric_value(
    value: Any, *, digits: int = 3, unit: str = "", half_width: Any = None, title: str = ""
) -> dict[str, Any]:
    """A figure to three significant digits with full precision on hover."""
    text = formats.interval(value, half_width) if half_width is not None else formats.metric(value, digits)
    known = formats.as_float(value)
    return {"text": text, "unit": unit, "full": "" if known is None else repr(known), "title": title}


@component()
def copy(text: Any, *, label: str = "Copy", what: str = "") -> dict[str, Any]:
    """A button that copies ``text``; ``what`` names it for screen readers ("experiment id")."""
    return {"text": str(text), "label": f"{label} {what}".strip()}


@component()
def identifier(value: Any, *, what: str = "id", href: str = "", short: bool = True) -> dict[str, Any]:
    """An id or digest in mono, short, with a copy button for the whole."""
    shown = formats.short_id(value) if short else str(value)
    return {"value": str(value), "shown": shown, "what": what, "href": href}


@component()
def code(text: Any = "", *, title: str = "", copyable: bool = True, wrap: bool = False) -> dict[str, Any]:
    """A block of code, a command or a manifest, with a copy button."""
    return {"text": str(text), "title": title, "copyable": copyable, "wrap": wrap}


@component(body=True)
def banner(*, tone: str = "info", title: str = "", icon: str = "") -> dict[str, Any]:
    """A sentence that stands above the content of a page or card: what happened, what it means, what to do."""
    return {"tone": tone, "title": title, "icon": icon or TONE_ICONS.get(tone, "info"), "urgent": tone == "bad"}


@component(body=True)
def empty(*, title: str, icon: str = "inbox", command: str = "", level: int = 2) -> dict[str, Any]:
    """What stands where nothing is yet: says so, and teaches the next step. Buttons go into the part "actions"."""
    return {"title": title, "icon": icon, "command": command, "level": level}


@component()
def definitions(rows: Iterable[tuple[str, Any]] | Mapping[str, Any], *, columns: int = 1) -> dict[str, Any]:
    """Names and values; undefined values show a dash."""
    pairs = rows.items() if isinstance(rows, Mapping) else rows
    return {"rows": [(name, formats.UNDEFINED if v is None or v == "" else v) for name, v in pairs], "columns": columns}


@component()
def timeline(events: Iterable[Any]) -> dict[str, Any]:
    """Events in their order, each with at, title, and where known text, tone, icon, href, actor."""
    return {"events": list(events)}


@component()
def diff(before: str, after: str, *, before_label: str = "Before", after_label: str = "After") -> dict[str, Any]:
    """The lines of two texts side by side in one column, with a sign, a word and a colour for each change."""
    from mlopspro.core.differences import changed_lines

    lines = changed_lines(before, after)
    return {
        "lines": lines,
        "before_label": before_label,
        "after_label": after_label,
        "added": sum(line.kind == "added" for line in lines),
        "removed": sum(line.kind == "removed" for line in lines),
    }


@component()
def skeleton(*, shape: Literal["lines", "tiles", "table", "chart"] = "lines", count: int = 3) -> dict[str, Any]:
    """The shape of what will come, for parts that load after the page."""
    return {"shape": shape, "count": range(count), "columns": range(4)}
