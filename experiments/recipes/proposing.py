"""Which part of its number a new version of a recipe should raise, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.recipes.differences import Change
from experiments.recipes.numbers import Number

_MAJOR = ("pipeline.training.architecture", "requirements.labels", "requirements.grain", "family")
_PATCH = ("metadata", "lineage", "format")


@dataclass(frozen=True)
class Proposal:
    part: Literal["major", "minor", "patch"]
    number: Number
    reason: str


def proposed(latest: Number, changes: Sequence[Change]) -> Proposal:
    """Major: another architecture, or another thing to learn. Patch: words alone. Minor: everything else."""
    major = [change.path for change in changes if _under(change.path, _MAJOR)]
    if major:
        return Proposal("major", latest.raised("major"), f"{major[0]} differs: other models come of it")
    if changes and all(_under(change.path, _PATCH) for change in changes):
        return Proposal("patch", latest.raised("patch"), "words differ, runs stay the same")
    first = next((change.path for change in changes if not _under(change.path, _PATCH)), "")
    return Proposal("minor", latest.raised("minor"), f"{first} differs" if first else "nothing differs yet")


def _under(path: str, tops: Sequence[str]) -> bool:
    return any(path == top or path.startswith(f"{top}.") for top in tops)
