"""An answer of the assistant as HTML: paragraphs, lists and code, and nothing else, whatever the text holds."""

from __future__ import annotations

import json
import re
from typing import Any

from django.template import Library
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = Library()
_CODE = re.compile(r"`([^`\n]{1,200})`")
_ITEM = re.compile(r"^\s*[-*]\s+")
LONGEST_VALUE = 160


@register.filter
def chat_text(text: str) -> SafeString:
    """Blank lines part paragraphs, lines that begin with a dash are a list, backticks are code. All else is text."""
    blocks = (_block(block) for block in re.split(r"\n\s*\n", text.strip()) if block.strip())
    return mark_safe("".join(blocks))  # noqa: S308 - every piece was escaped below


@register.filter
def json_value(value: Any) -> str:
    """A value of a manifest as it is written there, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _block(block: str) -> str:
    out: list[str] = []
    items: list[str] = []
    lines: list[str] = []

    def close() -> None:
        if lines:
            out.append(f"<p>{'<br>'.join(lines)}</p>")
            lines.clear()
        if items:
            out.append(f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>")
            items.clear()

    for line in block.splitlines():
        is_item = bool(_ITEM.match(line))
        if (is_item and lines) or (not is_item and items):
            close()
        (items if is_item else lines).append(_inline(_ITEM.sub("", line)))
    close()
    return "".join(out)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", str(escape(text)))
