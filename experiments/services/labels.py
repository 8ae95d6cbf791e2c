"""Names, notes and tags of runs: what is accepted, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable

MAX_TAGS = 20
MAX_TAG_LENGTH = 60
MAX_NAME_LENGTH = 200
MAX_NOTE_LENGTH = 10_000


def plain_text(value: str) -> str:
    """Without surrounding space. Raises ValueError for control characters other than tab and line feed."""
    if any((ord(char) < 32 and char not in "\n\t") or ord(char) == 127 for char in value):
        raise ValueError("contains control characters; plain text is accepted")
    return value.strip()


def distinct_tags(tags: Iterable[str]) -> list[str]:
    """Each tag once, in their order, empty ones left out. Raises ValueError naming the one that is not accepted."""
    cleaned = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    for tag in cleaned:
        if len(tag) > MAX_TAG_LENGTH or any(ord(char) < 32 for char in tag):
            raise ValueError(f"tag {tag[:60]!r} is not accepted; tags are up to {MAX_TAG_LENGTH} plain characters")
    return cleaned


def tags_of(text: str) -> list[str]:
    """Tags as people type them, separated by commas. Raises ValueError as :func:`distinct_tags`, and for none."""
    tags = distinct_tags(text.split(","))
    if not tags:
        raise ValueError("type at least one tag; several are separated by commas")
    return tags
