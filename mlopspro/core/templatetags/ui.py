"""Tags and filters of every template (a built-in library: no ``{% load %}`` needed).

Filters write numbers and times (mlopspro.core.formats), tags are the components (mlopspro.core.components).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.messages.storage.base import Message
from django.template import Library
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from mlopspro.core import components, formats, toasts  # noqa: F401  importing the components registers them
from mlopspro.core.components.icons import icon
from mlopspro.core.components.registry import add_tags

register = Library()
add_tags(register)
register.simple_tag(icon)

for writer in (
    formats.metric,
    formats.number,
    formats.share,
    formats.money,
    formats.filesize,
    formats.duration,
    formats.short_id,
    formats.exact_time,
):
    register.filter(writer.__name__, writer)


@register.filter
def as_toast(message: Message) -> toasts.Toast:
    """A Django message as a toast."""
    return toasts.as_toast(message)


@register.filter
def numeric_cells(row: Sequence[object]) -> SafeString:
    """Table cells of figures: tables of charts have thousands, which would be slow one tag at a time."""
    cells = "".join(f'<td class="is-numeric">{escape(cell)}</td>' for cell in row)
    return mark_safe(cells)  # noqa: S308  each is escaped


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """A value of a dictionary by a key that is itself a variable; None where it is missing."""
    return mapping.get(key) if hasattr(mapping, "get") else None
