"""Titles of items, from the dataset that a version learnt from. Read once a process and dataset."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings

from experiments.learning.data.snapshot import ITEMS
from experiments.models import Dataset

MOST_ITEMS = 200_000
"""Of larger catalogues only identifiers are shown: their titles would take too much memory of each web process."""
KEPT = 4


def titles_of(datasets: Iterable[Dataset | None], items: Iterable[str]) -> dict[str, str]:
    """{item: title} of those that have one in any of the datasets."""
    known = [_titles(str(one.sha256), one.folder) for one in dict.fromkeys(datasets) if one is not None]
    return {item: title for item in items for titles in known if (title := titles.get(item))}


@lru_cache(maxsize=KEPT)
def _titles(sha256: str, folder: str) -> dict[str, str]:
    """By the dataset's hash, so that what is kept never goes stale."""
    path = Path(settings.DATA_ROOT) / folder / ITEMS
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        if "title" not in names or "id" not in names or file.metadata.num_rows > MOST_ITEMS:
            return {}
        table = file.read(["id", "title"])
    except (OSError, pa.ArrowException):
        return {}
    pairs = zip(table["id"].to_pylist(), table["title"].to_pylist(), strict=True)
    return {str(item): str(title) for item, title in pairs if title}
