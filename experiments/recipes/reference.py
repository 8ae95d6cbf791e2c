"""The reference of manifests as Markdown, from the schema itself: ``python -m experiments.recipes.reference``.

docs/recipes.md holds its output; a test compares them.
"""

from __future__ import annotations

import sys
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from experiments.recipes.schema import walked

_NAMES = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}


def reference() -> str:
    """One row a field: its path, what it takes, its default, what it is."""
    rows = ["| path | takes | left out | |", "|---|---|---|---|"]
    for path, field in walked():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        rows.append(f"| `{'.'.join(path)}` | {_takes(field)} | {_default(field)} | {field.description or ''} |")
    return "\n".join(rows)


def _takes(field: FieldInfo) -> str:
    bounds = [
        f"{words} {getattr(item, name):,}"
        for item in field.metadata
        for name, words in (("ge", "from"), ("gt", "above"), ("le", "to"))
        if isinstance(getattr(item, name, None), (int, float))
    ]
    return " ".join([_type(field.annotation), *bounds])


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return ", ".join(str(item) for item in inner)
    if origin in (Union, types.UnionType):
        return _type(next(item for item in inner if item is not type(None)))
    if origin is list:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "entries by name"
    if isinstance(annotation, type) and issubclass(annotation, str) and hasattr(annotation, "__members__"):
        return ", ".join(annotation)  # type: ignore[arg-type]
    return _NAMES.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        made = field.default_factory()  # type: ignore[call-arg]
        return f"`{made}`" if made else "none"
    if field.default is PydanticUndefined:
        return "**must be said**"
    if field.default is None or field.default == "":
        return "none"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    sys.stdout.write(reference() + "\n")
