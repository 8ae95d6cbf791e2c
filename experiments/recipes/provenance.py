"""From which level each value of an effective manifest comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.recipes.completing import complete_or_not
from experiments.recipes.differences import Parts, leaves, path_of
from experiments.recipes.merging import merge

DEFAULT = "default"


def origins(
    layers: Sequence[tuple[str, Mapping[str, Any]]], effective: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Leaf path of the effective manifest → name of the layer that said it last; "default" where none did.

    Args:
        layers: name and merge patch of each level, the most general first.
        effective: the stored whole; made from the layers and the schema's defaults where it is left out.
    """
    said: dict[Parts, str] = {}
    merged: dict[str, Any] = {}
    for name, patch in layers:
        merged = merge(merged, patch)
        said = {parts: name if parts not in said or _says(patch, parts) else said[parts] for parts in leaves(merged)}
    whole = complete_or_not(merged) if effective is None else effective
    return {path_of(parts): _origin(said, parts) for parts in leaves(whole)}


def _says(patch: Mapping[str, Any], parts: Parts) -> bool:
    """Whether a patch sets the leaf itself."""
    place: Any = patch
    for part in parts:
        if not isinstance(place, Mapping) or part not in place:
            return False
        place = place[part]
    return place is not None and not (isinstance(place, Mapping) and place)


def _origin(said: Mapping[Parts, str], parts: Parts) -> str:
    return said.get(parts, DEFAULT)
