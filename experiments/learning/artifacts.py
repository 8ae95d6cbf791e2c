"""A fitted model on disk and back: arrays as safetensors, settings as JSON, the network as ``.keras``. No pickle.

Files are written whole or not at all and come with their SHA-256; reading checks it on the very bytes it then uses.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from experiments.learning import atomic
from experiments.learning.recommenders.base import Fitted, Scorer
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.registry import load_scorer

ARRAYS_FILE = "scorer.safetensors"
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


def save(
    fitted: Fitted,
    folder: Path,
    documents: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> list[SavedFile]:
    """Writes the model, ``documents`` (name → JSON-able) and ``tables`` (name → frame, as Parquet) into ``folder``.

    Raises ArtifactError for a name that is no plain file name with the right ending, or a document that JSON cannot
    hold (NaN included).
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = [_write_arrays(folder, fitted.scorer), _write_settings(folder, fitted)]
    if fitted.keras_model is not None:
        saved.append(_write_network(folder, fitted.keras_model))
    details = {"best_epoch": fitted.best_epoch, **fitted.details}
    saved.append(_write(folder, DETAILS_FILE, _json(DETAILS_FILE, details), "document"))
    saved += [_write_document(folder, name, document) for name, document in (documents or {}).items()]
    saved += [_write_table(folder, name, table) for name, table in (tables or {}).items()]
    return saved


def load_scorer_from(folder: Path, expected_sha256s: Mapping[str, str]) -> Scorer:
    """The scorer saved in ``folder``, each file checked against its recorded SHA-256.

    Raises ArtifactError where a file is missing, is no regular file, has other content, or does not hold a scorer.
    """
    settings = _settings(_read(folder, SETTINGS_FILE, expected_sha256s, largest=_LARGEST_SETTINGS))
    content = _read(folder, ARRAYS_FILE, expected_sha256s)
    try:
        arrays: dict[str, NDArray[Any]] = load_tensors(content)
        return load_scorer(arrays, settings)
    except (SafetensorError, ScorerError, TypeError, ValueError) as error:
        raise ArtifactError(f"{ARRAYS_FILE} does not hold a scorer: {error}") from error


def predicts_ratings(folder: Path, expected_sha256s: Mapping[str, str]) -> bool:
    """Whether the scores of the model saved in ``folder`` are ratings."""
    content = _read(folder, SETTINGS_FILE, expected_sha256s, largest=_LARGEST_SETTINGS)
    return bool(_settings(content).get("predicts_ratings"))


def load_network_from(folder: Path, expected_sha256s: Mapping[str, str]) -> Any:
    """The keras.Model saved in ``folder``, in safe mode. Imports TensorFlow; for training processes only.

    Raises ArtifactError as :func:`load_scorer_from` does.
    """
    path = _checked_path(folder, NETWORK_FILE)
    _check_hash(NETWORK_FILE, atomic.sha256_of(path), expected_sha256s)
    from experiments.learning.recommenders.keras_net.backend import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise ArtifactError(f"{NETWORK_FILE} cannot be loaded: {error}") from error


def _write_arrays(folder: Path, scorer: Scorer) -> SavedFile:
    arrays = {name: np.ascontiguousarray(array) for name, array in scorer.arrays().items()}
    return _write(folder, ARRAYS_FILE, save_tensors(arrays), "scorer")


def _write_settings(folder: Path, fitted: Fitted) -> SavedFile:
    document = {"format": _FORMAT, "predicts_ratings": fitted.predicts_ratings, **fitted.scorer.config()}
    return _write(folder, SETTINGS_FILE, _json(SETTINGS_FILE, document), "scorer")


def _write_network(folder: Path, model: Any) -> SavedFile:
    partial = folder / f".partial.{NETWORK_FILE}"  # Keras insists on the ending
    model.save(partial)
    return _publish(folder, partial, NETWORK_FILE, "network")


def _write_document(folder: Path, name: str, document: Any) -> SavedFile:
    _check_name(name, ".json")
    return _write(folder, name, _json(name, document), "document")


def _write_table(folder: Path, name: str, table: pd.DataFrame) -> SavedFile:
    _check_name(name, ".parquet")
    partial = folder / f".partial.{name}"
    table.to_parquet(partial, index=False)
    return _publish(folder, partial, name, "table")


def _write(folder: Path, name: str, content: bytes, kind: Kind) -> SavedFile:
    return SavedFile(name, len(content), atomic.write_bytes(folder / name, content), kind)


def _publish(folder: Path, partial: Path, name: str, kind: Kind) -> SavedFile:
    with partial.open("rb") as stream:
        os.fsync(stream.fileno())
    atomic.publish(partial, folder / name)
    return SavedFile(name, (folder / name).stat().st_size, atomic.sha256_of(folder / name), kind)


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


def _checked_path(folder: Path, name: str) -> Path:
    """The path of a regular file that lies directly in ``folder``; links are not followed."""
    path = folder / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise ArtifactError(f"{name} is missing: {error.strerror}.") from error
    if not stat.S_ISREG(mode):
        raise ArtifactError(f"{name} is no regular file.")
    return path


def _read(folder: Path, name: str, expected: Mapping[str, str], largest: int | None = None) -> bytes:
    path = _checked_path(folder, name)
    if largest is not None and path.stat().st_size > largest:
        raise ArtifactError(f"{name} has {path.stat().st_size} bytes; accepted: at most {largest}.")
    content = path.read_bytes()
    _check_hash(name, hashlib.sha256(content).hexdigest(), expected)
    return content


def _check_hash(name: str, found: str, expected: Mapping[str, str]) -> None:
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
