"""Looking into the schema of manifests: which names a place knows, and what they are."""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from experiments.recipes.manifest import Manifest


@cache
def fields_of(schema: type[BaseModel]) -> dict[str, FieldInfo]:
    return dict(schema.model_fields)


def part_below(schema: Any, name: str) -> Any:
    """What stands at ``name`` of a part: a part, the parts of an object by name as ``("entries", part)``, or None."""
    if isinstance(schema, tuple):
        return schema[1]
    if schema is None or name not in fields_of(schema):
        return None
    return _part(fields_of(schema)[name].annotation)


def known_names(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """Names that the schema knows at a place; none where people choose the names."""
    schema: Any = Manifest
    for step in path:
        schema = part_below(schema, str(step))
    return tuple(fields_of(schema)) if isinstance(schema, type) else ()


def walked(schema: Any = Manifest, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every field of the schema with its path; ``NAME`` stands for a name that people choose."""
    for name, field in fields_of(schema).items():
        below = _part(field.annotation)
        yield (*above, name), field
        if isinstance(below, tuple):
            if below[1] is not None:
                yield from walked(below[1], (*above, name, "NAME"))
        elif below is not None:
            yield from walked(below, (*above, name))


def _part(annotation: Any) -> Any:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _part(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return next((found for found in map(_part, get_args(annotation)) if found is not None), None)
    if origin is dict:
        return "entries", _part(get_args(annotation)[1])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None
