"""A trained model's files: written whole or not at all, with their SHA-256, and checked on the very bytes used.

Arrays are safetensors, settings JSON, tables Parquet. No pickle. ``learning.artifacts`` (recommenders) and
``learning.tabular.artifacts`` (tables) say which file holds what; how a file is written and trusted stands here alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from experiments.learning import atomic
from experiments.learning.recommenders.scorers.errors import ScorerError

ARRAYS_FILE = "scorer.safetensors"
COMPACT_FILE = "scorer.compact.safetensors"
"""The same in fewer bytes, where somebody had it made; serving takes it then, everything else the exact one."""
SETTINGS_FILE = "scorer.json"
NETWORK_FILE = "model.keras"
DETAILS_FILE = "training.json"
SCORER_FILES = (ARRAYS_FILE, SETTINGS_FILE)

Kind = Literal["scorer", "network", "document", "table"]
_FORMAT = 1
_LARGEST_SETTINGS = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ArtifactError(ValueError):
    """A stored model that cannot be trusted or read; the message names the file and what is wrong with it."""


@dataclass(frozen=True)
class SavedFile:
    """``size`` in bytes, ``sha256`` as 64 hexadecimal digits."""

    name: str
    size: int
    sha256: str
    kind: Kind


class Stored(Protocol):
    """What a scorer of any kind says of itself to be stored."""

    def arrays(self) -> dict[str, NDArray[Any]]: ...

    def config(self) -> dict[str, Any]: ...


Loaded = TypeVar("Loaded")


def write_scorer(folder: Path, scorer: Stored, facts: Mapping[str, Any]) -> list[SavedFile]:
    """Arrays and settings; ``facts`` stand beside the scorer's own settings in ``scorer.json``.

    Raises ArtifactError for settings that JSON cannot hold or that are too large to be read again.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in scorer.arrays().items()}
    settings = _json(SETTINGS_FILE, {"format": _FORMAT, **facts, **scorer.config()})
    if len(settings) > _LARGEST_SETTINGS:
        raise ArtifactError(f"{SETTINGS_FILE} would have {len(settings)} bytes; accepted: at most {_LARGEST_SETTINGS}.")
    return [
        _write(folder, ARRAYS_FILE, save_tensors(arrays), "scorer"),
        _write(folder, SETTINGS_FILE, settings, "scorer"),
    ]


def write_details(folder: Path, details: Mapping[str, Any]) -> SavedFile:
    """What the fit has to say, as ``training.json``."""
    return _write(folder, DETAILS_FILE, _json(DETAILS_FILE, details), "document")


def write_beside(
    folder: Path, documents: Mapping[str, Any] | None, tables: Mapping[str, pd.DataFrame] | None
) -> list[SavedFile]:
    """``documents`` (name → JSON-able) and ``tables`` (name → frame, as Parquet), names as the caller gives them."""
    written = [_write_document(folder, name, document) for name, document in (documents or {}).items()]
    return written + [_write_table(folder, name, table) for name, table in (tables or {}).items()]


def read_settings(folder: Path, expected_sha256s: Mapping[str, str]) -> dict[str, Any]:
    """``scorer.json``. Raises ArtifactError where it is missing, changed, too large or of another format."""
    return _settings(_read(folder, SETTINGS_FILE, expected_sha256s, largest=_LARGEST_SETTINGS))


def read_scorer(
    folder: Path,
    expected_sha256s: Mapping[str, str],
    load: Callable[[Mapping[str, NDArray[Any]], Mapping[str, Any]], Loaded],
) -> Loaded:
    """What ``load`` makes of the arrays and settings in ``folder``, each file checked against its recorded SHA-256.

    Raises ArtifactError where a file is missing, is no regular file, has other content, or does not hold a scorer.
    """
    settings = read_settings(folder, expected_sha256s)
    content = _read(folder, ARRAYS_FILE, expected_sha256s)
    try:
        arrays: dict[str, NDArray[Any]] = load_tensors(content)
        return load(arrays, settings)
    except (SafetensorError, ScorerError, TypeError, ValueError) as error:
        raise ArtifactError(f"{ARRAYS_FILE} does not hold a scorer: {error}") from error


def checked_path(folder: Path, name: str, expected_sha256s: Mapping[str, str]) -> Path:
    """The path of a file whose content is the recorded one, for readers that insist on a path. Raises ArtifactError."""
    path = regular_file(folder, name)
    check_hash(name, atomic.sha256_of(path), expected_sha256s)
    return path


def publish(folder: Path, partial: Path, name: str, kind: Kind) -> SavedFile:
    """Gives a finished file its name, once it is on disk."""
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    atomic.publish(partial, folder / name)
    return SavedFile(name, (folder / name).stat().st_size, atomic.sha256_of(folder / name), kind)


def _write_document(folder: Path, name: str, document: Any) -> SavedFile:
    _check_name(name, ".json")
    return _write(folder, name, _json(name, document), "document")


def _write_table(folder: Path, name: str, table: pd.DataFrame) -> SavedFile:
    _check_name(name, ".parquet")
    partial = folder / f".partial.{name}"
    table.to_parquet(partial, index=False)
    return publish(folder, partial, name, "table")


def _write(folder: Path, name: str, content: bytes, kind: Kind) -> SavedFile:
    return SavedFile(name, len(content), atomic.write_bytes(folder / name, content), kind)


def _json(name: str, document: Any) -> bytes:
    try:
        return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"{name} cannot be written as JSON: {error}.") from error


def _check_name(name: str, suffix: str) -> None:
    if not _NAME.fullmatch(name) or not name.endswith(suffix):
        raise ArtifactError(
            f"File name is {name!r}; accepted: letters, digits, '.', '_' and '-', at most 100, ending in {suffix}."
        )
    if name in (*SCORER_FILES, NETWORK_FILE, DETAILS_FILE):
        raise ArtifactError(f"File name {name!r} is the model's own; accepted: any other.")


def regular_file(folder: Path, name: str) -> Path:
    """The path of a regular file that lies directly in ``folder``; links are not followed. Raises ArtifactError."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"{name} is missing: {error.strerror}.") from error
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{name} is no regular file.")
    return path


def _read(folder: Path, name: str, expected: Mapping[str, str], largest: int | None = None) -> bytes:
    path = regular_file(folder, name)
    if largest is not None and path.stat().st_size > largest:
        raise ArtifactError(f"{name} has {path.stat().st_size} bytes; accepted: at most {largest}.")
    content = path.read_bytes()
    check_hash(name, hashlib.sha256(content).hexdigest(), expected)
    return content


def check_hash(name: str, found: str, expected: Mapping[str, str]) -> None:
    """Raises ArtifactError unless ``found`` is the SHA-256 recorded for ``name``."""
    if name not in expected:
        raise ArtifactError(f"{name} has no recorded SHA-256, so it is not read.")
    if found != expected[name]:
        raise ArtifactError(f"{name} has SHA-256 {found[:12]}…; recorded: {expected[name][:12]}….")


def _settings(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ArtifactError(f"{SETTINGS_FILE} is no JSON: {error}.") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ArtifactError(f"{SETTINGS_FILE} is of another format; accepted: {_FORMAT}.")
    return document
