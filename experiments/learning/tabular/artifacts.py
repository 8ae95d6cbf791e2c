"""A fitted model on a table on disk and back, by the one way of ``learning.model_files``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.learning.families import Family
from experiments.learning.model_files import SavedFile, read_scorer, write_beside, write_details, write_scorer
from experiments.learning.tabular.base import TableScorer, TabularFitted
from experiments.learning.tabular.scorers.registry import load_table_scorer


def save_tabular(
    fitted: TabularFitted,
    folder: Path,
    documents: Mapping[str, Any] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    *,
    family: Family | None = None,
) -> list[SavedFile]:
    """Writes the model, ``documents`` (name → JSON-able) and ``tables`` (name → frame, as Parquet) into ``folder``.

    Raises ArtifactError for a name that is no plain file name with the right ending, or a document that JSON cannot
    hold (NaN included).
    """
    folder.mkdir(parents=True, exist_ok=True)
    saved = write_scorer(folder, fitted.scorer, {"family": str(family)} if family else {})
    saved.append(write_details(folder, {"best_epoch": fitted.best_epoch, **fitted.details}))
    return saved + write_beside(folder, documents, tables)


def load_table_scorer_from(folder: Path, expected_sha256s: Mapping[str, str]) -> TableScorer:
    """The scorer saved in ``folder``, each file checked against its recorded SHA-256.

    Raises ArtifactError where a file is missing, is no regular file, has other content, or does not hold a scorer.
    """
    return read_scorer(folder, expected_sha256s, load_table_scorer)
