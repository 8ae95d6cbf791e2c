"""Lucide icons as inline SVG: one size, one stroke width, no style attribute (the content security policy)."""

from __future__ import annotations

from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

SIZE = 16
STROKE = "1.75"


@lru_cache(maxsize=512)
def _drawn(name: str, size: int) -> str:
    attributes = {"stroke_width": STROKE, "class": "icon", "aria_hidden": "true", "focusable": "false"}
    return str(lucide(name, size=size, **attributes))


def icon(name: str, size: int = SIZE, label: str = "") -> SafeString:
    """An icon beside words, hidden from screen readers, or one with a ``label`` that speaks for itself.

    Raises:
        lucide.IconDoesNotExist: there is no icon of that name.
    """
    svg = _drawn(str(name), int(size))
    if label:
        svg = svg.replace('aria-hidden="true"', f'role="img" aria-label="{escape(label)}"', 1)
    return mark_safe(svg)  # noqa: S308  from the lucide package; the label is escaped
