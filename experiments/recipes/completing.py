"""The whole of a manifest: what was said and the schema's defaults, in the schema's order, with one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from experiments.recipes.manifest import Manifest
from experiments.recipes.schema import fields_of, part_below


def complete(content: Mapping[str, Any]) -> dict[str, Any]:
    """``content`` and every default of the schema. Raises pydantic.ValidationError where it is no manifest.

    Versions keep the whole, so that a default of the product that changes later changes no version there is.
    """
    return whole(Manifest.model_validate(dict(content)))


def complete_or_not(content: Mapping[str, Any]) -> dict[str, Any]:
    """The same, and ``content`` itself in the schema's order where it is no manifest yet."""
    try:
        return complete(content)
    except ValidationError:
        return arranged(content)


def whole(manifest: Manifest) -> dict[str, Any]:
    """As stored: without nulls, which say "left out", because a merge patch cannot say them."""
    return arranged(_without_nulls(manifest.model_dump(mode="json")))


def arranged(content: Mapping[str, Any]) -> dict[str, Any]:
    """In the order of the schema; a database that keeps JSON as a value keeps no order. Names people choose are sorted,
    what the schema does not know comes last."""
    found: dict[str, Any] = _arranged(content, Manifest)
    return found


def sha256_of(effective: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical text: names sorted, no spaces, whole numbers without a fraction."""
    text = json.dumps(_canonical(effective), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value


def _arranged(value: Any, place: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    known = fields_of(place) if isinstance(place, type) else {}
    named = [name for name in known if name in value]
    others = sorted(name for name in value if name not in known)
    return {name: _arranged(value[name], part_below(place, name)) for name in (*named, *others)}


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
