"""Arrays of a stored model by memory map: checked once, shared by every process that serves it, never copied.

The file is mapped, the mapped bytes are hashed, and the arrays are views of the very same mapping, so that what was
checked is what is used. Pages of a mapping belong to the operating system: ten processes with one model need its
memory once. Files are replaced by renaming, never rewritten in place; ``MappedFile.state`` tells where somebody did.

The format is safetensors (https://github.com/huggingface/safetensors, "Format"): eight bytes of length, a JSON header,
then the arrays without gaps. Read strictly: whatever is not exactly that is refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from experiments.learning.model_files import (
    ARRAYS_FILE,
    COMPACT_FILE,
    ArtifactError,
    check_hash,
    read_settings,
    regular_file,
)
from experiments.learning.recommenders.scorers.compact import opened
from experiments.learning.recommenders.scorers.errors import ScorerError

_LARGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""
_METADATA = "__metadata__"
_TYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    **{
        f"{sign}{8 * size}": np.dtype(f"<{kind}{size}")
        for sign, kind in (("I", "i"), ("U", "u"))
        for size in (1, 2, 4, 8)
    },
    **{f"F{8 * size}": np.dtype(f"<f{size}") for size in (2, 4, 8)},
}
Loaded = TypeVar("Loaded")
Stamp = tuple[int, int, int, int]
"""Device, inode, size, time of the last change."""
State = Literal["same", "gone", "written"]


@dataclass(frozen=True)
class MappedFile:
    """``arrays`` are read-only views; they keep the mapping alive, also after the file was replaced or removed."""

    path: Path
    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]
    size: int
    stamp: Stamp

    def state(self) -> State:
        """What became of the file since it was checked. Only one that was written to takes the arrays with it."""
        try:
            now = _stamp(self.path.lstat())
        except OSError:
            return "gone"
        if now == self.stamp:
            return "same"
        return "written" if now[:2] == self.stamp[:2] else "gone"


def map_arrays(folder: Path, name: str, expected_sha256s: Mapping[str, str]) -> MappedFile:
    """The arrays of ``folder/name``. Raises ArtifactError where it is missing, is no regular file, has another SHA-256
    than the recorded one or is no safetensors file."""
    path = regular_file(folder, name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise ArtifactError(f"{name} cannot be opened: {error.strerror}.") from error
    try:
        stamp = _stamp(os.fstat(descriptor))
        if stamp[2] < 8:
            raise ArtifactError(f"{name} has {stamp[2]} bytes; accepted: at least 8.")
        content = mmap.mmap(descriptor, 0, prot=mmap.PROT_READ, flags=mmap.MAP_SHARED)
    except OSError as error:
        raise ArtifactError(f"{name} cannot be mapped: {error.strerror}.") from error
    finally:
        os.close(descriptor)
    check_hash(name, hashlib.sha256(content).hexdigest(), expected_sha256s)
    arrays, metadata = _parsed(name, content)
    return MappedFile(path, arrays, metadata, len(content), stamp)


def map_scorer(
    folder: Path,
    expected_sha256s: Mapping[str, str],
    load: Callable[[Mapping[str, NDArray[Any]], Mapping[str, Any]], Loaded],
) -> tuple[Loaded, Mapping[str, Any], MappedFile]:
    """As :func:`~experiments.learning.model_files.read_scorer`, with arrays that are mapped; also the settings.

    Of a version that was made smaller the compact arrays are taken. Raises ArtifactError.
    """
    settings = read_settings(folder, expected_sha256s)
    name = COMPACT_FILE if COMPACT_FILE in expected_sha256s else ARRAYS_FILE
    mapped = map_arrays(folder, name, expected_sha256s)
    try:
        return load(opened(mapped.arrays), settings), settings, mapped
    except (ScorerError, TypeError, ValueError) as error:
        raise ArtifactError(f"{name} does not hold a scorer: {error}") from error


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _parsed(name: str, content: mmap.mmap) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    length = int.from_bytes(content[:8], "little")
    if length > min(_LARGEST_HEADER, len(content) - 8):
        raise ArtifactError(f"{name} has a header of {length} bytes; accepted: at most what the file holds.")
    try:
        header = json.loads(content[8 : 8 + length].decode(), object_pairs_hook=_each_once)
        if not isinstance(header, dict):
            raise ValueError(f"a {type(header).__name__} in place of an object")  # noqa: TRY004  one kind for all of it
        metadata = header.pop(_METADATA, {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError(f"{_METADATA} that is not text")
        return _views(content, 8 + length, header), metadata
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArtifactError(f"{name} is no safetensors file; its header has {error}.") from error


def _views(content: mmap.mmap, start: int, header: Mapping[str, Mapping[str, Any]]) -> dict[str, NDArray[Any]]:
    """Raises ValueError where arrays overlap, leave a gap, or do not have the bytes that their shape asks for."""
    found: dict[str, NDArray[Any]] = {}
    end = 0
    for key, told in sorted(header.items(), key=lambda entry: entry[1]["data_offsets"]):
        first, last = told["data_offsets"]
        shape, kind = tuple(told["shape"]), _TYPES[told["dtype"]]
        if not all(type(each) is int and each >= 0 for each in (first, last, *shape)):
            raise ValueError(f"numbers of {key} that are not whole or below 0")
        if first != end or last - first != math.prod(shape) * kind.itemsize:
            raise ValueError(f"bytes {first} to {last} for {key}, {shape} of {kind}, after byte {end}")
        if start + last > len(content):
            raise ValueError(f"{key} end beyond the file")
        found[key] = np.ndarray(shape, kind, buffer=content, offset=start + first)
        end = last
    if start + end != len(content):
        raise ValueError(f"{len(content) - start - end} bytes that belong to no array")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found
