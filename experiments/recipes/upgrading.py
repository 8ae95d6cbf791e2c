"""Where a newer version of a parent and what a child says meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.recipes.differences import differences


@dataclass(frozen=True)
class Conflict:
    """The parent changed a value that the child overrides. The child's ``own`` stays; None: the child takes it out."""

    path: str
    parent_before: Any
    parent_after: Any
    own: Any


def conflicts(before: Mapping[str, Any], after: Mapping[str, Any], patch: Mapping[str, Any]) -> list[Conflict]:
    """``before`` and ``after`` are the parent's effective manifests, ``patch`` is what the child says."""
    own = {".".join(parts): value for parts, value in _said(patch, ())}
    found = []
    for change in differences(before, after):
        path = _nearest(change.path, own)
        if path is not None:
            found.append(Conflict(change.path, change.before, change.after, own[path]))
    return found


def _said(patch: Mapping[str, Any], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    """Leaves of a patch; null is one, as it takes out whatever is there."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in patch.items():
        if isinstance(value, Mapping):
            found += _said(value, (*above, name))
        else:
            found.append(((*above, name), value))
    return found


def _nearest(path: str, own: Mapping[str, Any]) -> str | None:
    """What the child says at the path or above it."""
    return next((said for said in own if path == said or path.startswith(f"{said}.")), None)
