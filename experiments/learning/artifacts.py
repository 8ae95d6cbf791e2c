"""A fitted recommender on disk and back: arrays as safetensors, settings as JSON, the network as ``.keras``. No pickle.

How files are written and trusted stands in ``learning.model_files``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.learning.model_files import (
    ARRAYS_FILE,
    DETAILS_FILE,
    NETWORK_FILE,
    SCORER_FILES,
    SETTINGS_FILE,
    ArtifactError,
    Kind,
    SavedFile,
    checked_path,
    publish,
    read_scorer,
    read_settings,
    write_beside,
    write_details,
    write_scorer,
)
from experiments.learning.recommenders.base import Fitted, Scorer
from experiments.learning.recommenders.scorers.registry import load_scorer

__all__ = [
    "ARRAYS_FILE",
    "DETAILS_FILE",
    "NETWORK_FILE",
    "SCORER_FILES",
    "SETTINGS_FILE",
    "ArtifactError",
    "Kind",
    "SavedFile",
    "load_network_from",
    "load_scorer_from",
    "predicts_ratings",
    "save",
]


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
    saved = write_scorer(folder, fitted.scorer, {"predicts_ratings": fitted.predicts_ratings})
    if fitted.keras_model is not None:
        saved.append(_write_network(folder, fitted.keras_model))
    saved.append(write_details(folder, {"best_epoch": fitted.best_epoch, **fitted.details}))
    return saved + write_beside(folder, documents, tables)


def load_scorer_from(folder: Path, expected_sha256s: Mapping[str, str]) -> Scorer:
    """The scorer saved in ``folder``, each file checked against its recorded SHA-256.

    Raises ArtifactError where a file is missing, is no regular file, has other content, or does not hold a scorer.
    """
    return read_scorer(folder, expected_sha256s, load_scorer)


def predicts_ratings(folder: Path, expected_sha256s: Mapping[str, str]) -> bool:
    """Whether the scores of the model saved in ``folder`` are ratings."""
    return bool(read_settings(folder, expected_sha256s).get("predicts_ratings"))


def load_network_from(folder: Path, expected_sha256s: Mapping[str, str]) -> Any:
    """The keras.Model saved in ``folder``, in safe mode. Imports TensorFlow; for training processes only.

    Raises ArtifactError as :func:`load_scorer_from` does.
    """
    path = checked_path(folder, NETWORK_FILE, expected_sha256s)
    from experiments.learning.recommenders.keras_net.backend import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise ArtifactError(f"{NETWORK_FILE} cannot be loaded: {error}") from error


def _write_network(folder: Path, model: Any) -> SavedFile:
    partial = folder / f".partial.{NETWORK_FILE}"  # Keras insists on the ending
    model.save(partial)
    return publish(folder, partial, NETWORK_FILE, "network")
