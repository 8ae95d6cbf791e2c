"""How a level overrides the one above it: JSON merge patches (RFC 7396). Lists are whole values; null takes out."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any


def merge(parent: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``parent`` as ``patch`` overrides it; neither is changed, and the result shares nothing with them.

    RFC 7396, section 2: an object is merged name by name, null takes a name out, anything else replaces.
    """
    merged = {name: deepcopy(value) for name, value in parent.items() if name not in patch}
    for name, value in patch.items():
        if value is None:
            continue
        below = parent.get(name)
        if isinstance(value, Mapping):
            merged[name] = merge(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[name] = deepcopy(value)
    return _in_order_of(parent, merged)


def patch_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest patch with ``merge(before, patch) == after``.

    ``after`` holds no null: a merge patch cannot say one (RFC 7396, section 1).
    """
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        if name not in before:
            patch[name] = deepcopy(value)
        elif not same(before[name], value):
            below = before[name]
            inside = isinstance(below, Mapping) and isinstance(value, Mapping)
            patch[name] = patch_between(below, value) if inside else deepcopy(value)
    return patch


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, true is none (in Python, True == 1)."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _in_order_of(parent: Mapping[str, Any], merged: dict[str, Any]) -> dict[str, Any]:
    """Names of the parent first, in its order, so that an override does not move what it overrides."""
    first = [name for name in parent if name in merged]
    return {name: merged[name] for name in (*first, *(name for name in merged if name not in parent))}
