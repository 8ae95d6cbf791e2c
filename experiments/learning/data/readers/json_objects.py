"""JSON objects from lines, with the lines that hold none set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from experiments.learning.data.readers.base import RAW_CHARACTERS
from experiments.learning.data.readers.text import blocks


@dataclass
class ObjectBatch:
    """Objects of a block of lines; parallel ``lines``; ``refused`` holds (line, reason, raw text)."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    blank_lines: int = 0


def objects(stream: IO[bytes], file: str) -> Iterator[ObjectBatch]:
    """Batches of objects of a UTF-8 stream."""
    number = 0
    for block in blocks(stream, "utf-8"):
        batch = ObjectBatch()
        for line in block.removesuffix(b"\n").split(b"\n"):
            number += 1
            if line.strip():
                _read(line, number, batch)
            else:
                batch.blank_lines += 1
        yield batch


def cell_text(value: object) -> str:
    """A JSON scalar as text; empty for null and for objects and lists, which can be no identifier or number."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def shown_text(value: object) -> str:
    """Any value as text; a list becomes its members joined by the bar, which ``type_columns`` takes apart again."""
    if isinstance(value, (list, tuple)):
        return "|".join(cell_text(member).replace("|", "/") for member in value)
    return cell_text(value)


def _read(line: bytes, number: int, batch: ObjectBatch) -> None:
    try:
        value = json.loads(line)
    except UnicodeDecodeError:
        reason = "bytes that are not utf-8"
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:
        reason = f"not valid JSON: {getattr(error, 'msg', 'a number that is too long')}"
    else:
        if isinstance(value, dict):
            batch.objects.append(value)
            batch.lines.append(number)
            return
        reason = f"a JSON {type(value).__name__} instead of an object"
    batch.refused.append((number, reason, line[: RAW_CHARACTERS * 4].decode("utf-8", "replace")[:RAW_CHARACTERS]))
