"""What a manifest is before anybody looks at what it says: JSON that a database keeps, of a size people can read."""

from __future__ import annotations

import json
import math
from typing import Any

from experiments.recipes.problems import ManifestProblem, Place, problem, shown

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_WHOLE = 2**63 - 1
MOST_PROBLEMS = 100


def misfits(content: Any, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> list[ManifestProblem]:
    """Everything that is no JSON to keep: too deep, too large, NaN, numbers or characters that are not stored.

    Walks without recursion, so no depth can exhaust the stack.
    """
    if not isinstance(content, dict):
        return [problem((), f"is {shown(content)}; accepted: an object")]
    found: list[ManifestProblem] = []
    waiting: list[tuple[Place, Any]] = [((), content)]
    while waiting and len(found) < MOST_PROBLEMS:
        place, value = waiting.pop()
        if isinstance(value, (dict, list)) and len(place) >= max_depth:
            found.append(problem(place[:max_depth], f"is deeper than {max_depth} levels"))
        elif isinstance(value, dict):
            found += [problem(place, wrong) for name in value if (wrong := _wrong_name(name))]
            waiting += [((*place, str(name)), item) for name, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, position), item) for position, item in enumerate(value)]
        elif wrong := _wrong(value):
            found.append(problem(place, wrong))
    if not found and (size := len(json.dumps(content, ensure_ascii=False).encode())) > max_bytes:
        found.append(problem((), f"takes {size:,} bytes; accepted: up to {max_bytes:,}"))
    return found


def _wrong_name(name: Any) -> str:
    wrong = _wrong(name) if isinstance(name, str) else "has a name that is no text"
    return f"name {wrong}" if wrong else ""


def _wrong(value: Any) -> str:
    if isinstance(value, str):
        return _wrong_text(value)
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= MAX_WHOLE else f"is too large; whole numbers are kept up to {MAX_WHOLE:,}"
    if isinstance(value, float):
        return "" if math.isfinite(value) else f"is {value}; accepted: a finite number"
    return f"is of type {type(value).__name__}; accepted: what JSON knows"


def _wrong_text(text: str) -> str:
    if any((ord(char) < 32 and char not in "\n\t\r") or 0xD800 <= ord(char) <= 0xDFFF for char in text):
        return f"{shown(text)} contains control characters or half of a character; plain text is accepted"
    return ""
