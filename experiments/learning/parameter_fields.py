"""What a field of a pydantic model accepts: its type, its bounds, and the same in words.

Forms, searches and messages read bounds here, so that they are written once, in the model itself.
"""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo


def bare(annotation: Any) -> tuple[Any, bool]:
    """The type without None, and whether None is accepted."""
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return parts[0], len(parts) < len(get_args(annotation))
    return annotation, False


def bounds(info: FieldInfo) -> tuple[float | None, float | None]:
    """(lowest, highest) accepted value; None where there is no bound."""
    lowest: float | None = None
    highest: float | None = None
    for rule in info.metadata:
        if isinstance(rule, annotated_types.Ge):
            lowest = rule.ge  # type: ignore[assignment]
        elif isinstance(rule, annotated_types.Gt):
            lowest = rule.gt  # type: ignore[assignment]
        elif isinstance(rule, annotated_types.Le):
            highest = rule.le  # type: ignore[assignment]
        elif isinstance(rule, annotated_types.Lt):
            highest = rule.lt  # type: ignore[assignment]
    return lowest, highest


def is_open_below(info: FieldInfo) -> bool:
    """Whether the lowest bound itself is not accepted."""
    return any(isinstance(rule, annotated_types.Gt) for rule in info.metadata)


def accepted(info: FieldInfo) -> str:
    """What a field accepts, in words: "a whole number from 1 to 1,000"."""
    kind, _ = bare(info.annotation)
    if get_origin(kind) is Literal:
        return " or ".join(str(choice) for choice in get_args(kind))
    if kind is bool:
        return "on or off"
    noun = {int: "a whole number", float: "a number"}.get(kind, "text")
    lowest, highest = bounds(info)
    above = "above " if is_open_below(info) else "from "
    if lowest is not None and highest is not None:
        return f"{noun} {above}{_plain(lowest)} to {_plain(highest)}"
    if lowest is not None:
        return f"{noun} {above}{_plain(lowest)}"
    if highest is not None:
        return f"{noun} up to {_plain(highest)}"
    return noun


def _plain(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
