"""Values inside nested objects by their path: looked up, set and taken out without changing what was given."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

Path = tuple[str, ...]
MISSING = object()
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,40})?([eE][+-]?\d{1,3})?")


def value_at(value: Any, path: Path) -> Any:
    """The value at a path, or MISSING."""
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return MISSING
        value = value[name]
    return value


def with_value(value: Mapping[str, Any], path: Path, new: Any) -> dict[str, Any]:
    """A copy with ``new`` at the path; what is in the way and no object is replaced by one."""
    changed = copy.deepcopy(dict(value))
    level = changed
    for name in path[:-1]:
        if not isinstance(level.get(name), dict):
            level[name] = {}
        level = level[name]
    level[path[-1]] = new
    return changed


def without_value(value: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A copy without what stands at the path, nor the objects around it that are empty then."""
    changed = copy.deepcopy(dict(value))
    levels = [changed]
    for name in path[:-1]:
        following = levels[-1].get(name)
        if not isinstance(following, dict):
            return changed
        levels.append(following)
    levels[-1].pop(path[-1], None)
    for level, name in zip(reversed(levels[:-1]), reversed(path[:-1]), strict=True):
        if level[name] != {}:
            break
        del level[name]
    return changed


def default_at(model: type[BaseModel], path: Path) -> Any:
    """What the schema says where nobody says anything, JSON-able; MISSING where it says nothing."""
    found: Any = MISSING
    here: Any = model
    for name in path:
        if not (isinstance(here, type) and issubclass(here, BaseModel)) or name not in here.model_fields:
            return MISSING
        info = here.model_fields[name]
        found = info.get_default(call_default_factory=True)
        here = info.annotation
    if found is PydanticUndefined:
        return MISSING
    return found.model_dump(mode="json") if isinstance(found, BaseModel) else found


def text_of(value: Any) -> str:
    """A value as it stands in a field."""
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return ", ".join(map(text_of, value))
    return f"{value:g}" if isinstance(value, float) and value == float(f"{value:g}") else str(value)


def value_of(text: str, kind: Any) -> Any:
    """What a typed text is in JSON. A number that is none stays the text it is, for the schema to point at."""
    text = text.strip()
    if kind is bool:
        return text == "true"
    if kind in (int, float) and _NUMBER.fullmatch(text):
        number = float(text)
        if re.fullmatch(r"-?\d+", text):
            return int(text)
        return number if math.isfinite(number) else text
    return text
