"""Where real data sets are found at run time; tests that need one are skipped where it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def root() -> Path:
    """MLOPSPRO_SAMPLE_DATA, else ../shared/data beside the repository."""
    given = os.environ.get("MLOPSPRO_SAMPLE_DATA")
    return Path(given) if given else REPOSITORY.parent / "shared" / "data"


def folder(name: str) -> Path:
    """Folder of one data set, such as ``ml-100k``; skips the calling test where there is none."""
    path = root() / name
    if not path.is_dir():
        pytest.skip(f"real data set {name} is not at {path}; set MLOPSPRO_SAMPLE_DATA to the folder that holds it")
    return path
