"""The baseline recipes that ship with the product, one a family: JSON files beside this one, checked by a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from experiments.learning.families import Family

FOLDER = Path(__file__).parent / "seeds"


@dataclass(frozen=True)
class Baseline:
    """``number`` rises with each change of the file; workspaces that changed nothing themselves then get it."""

    family: Family
    name: str
    number: str
    change_note: str
    description: str
    tags: tuple[str, ...]
    manifest: dict[str, Any]


@cache
def baselines() -> tuple[Baseline, ...]:
    """All of them, in the order of the families."""
    return tuple(_read(family) for family in Family)


def _read(family: Family) -> Baseline:
    content = json.loads((FOLDER / f"{family.value}.json").read_text(encoding="utf-8"))
    return Baseline(
        family=family,
        name=content["name"],
        number=content["number"],
        change_note=content["change_note"],
        description=content["description"],
        tags=tuple(content["tags"]),
        manifest=content["manifest"],
    )
