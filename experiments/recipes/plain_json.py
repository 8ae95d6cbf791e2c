"""JSON from files and programs, read strictly: no name twice, no NaN, nothing that exhausts the reader."""

from __future__ import annotations

import json
from typing import Any

from experiments.recipes.problems import ManifestRefused, problem, shown


def parse_object(content: bytes | str, max_bytes: int) -> dict[str, Any]:
    """The one object that the text holds. Raises ManifestRefused saying where and what it is not."""
    if len(content) > max_bytes:
        raise _refused(f"has {len(content):,} bytes; accepted: up to {max_bytes:,}")
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        plain = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise _refused("is no text in UTF-8; accepted: JSON") from error
    except json.JSONDecodeError as error:
        raise _refused(f"is no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise _refused("is nested too deep to be read") from error
    except ValueError as error:
        raise _refused(f"cannot be read: {str(error)[:200]}") from error
    if not isinstance(plain, dict):
        raise _refused("is no object; accepted: JSON that begins with {")
    return plain


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(double)} is said twice in one object")
    return found


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _refused(message: str) -> ManifestRefused:
    return ManifestRefused([problem((), message)])
