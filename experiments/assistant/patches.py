"""Merge patches put one after the other; ``recipes.merging.merge`` applies one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def composed(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """One merge patch that does what ``first`` and then ``second`` do. Nulls stay: they remove (RFC 7396)."""
    result = dict(first)
    for key, value in second.items():
        before = result.get(key)
        result[key] = composed(before, value) if isinstance(before, dict) and isinstance(value, Mapping) else value
    return result


def at(document: Mapping[str, Any], *path: str, default: Any = None) -> Any:
    """The value at a path, ``default`` where the path ends early or holds null."""
    found: Any = document
    for key in path:
        if not isinstance(found, Mapping) or found.get(key) is None:
            return default
        found = found[key]
    return found
