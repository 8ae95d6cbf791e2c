"""On what a run ran: enough to run it again and to explain a difference."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "mlflow",
    "wandb",
    "django",
    "celery",
)


def describe() -> dict[str, Any]:
    """JSON-able record of interpreter, machine, packages and the commit of this code. Holds no secret."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "host": platform.node(),
        "packages": packages(),
        "commit": commit(),
    }


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@lru_cache(maxsize=1)
def commit() -> str:
    """The commit this code was checked out at, with "+changes" where files differ from it; "" where unknown."""
    if given := os.environ.get("MLOPSPRO_COMMIT", ""):
        return given
    try:
        head = _git("rev-parse", "HEAD")
        return head + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=5, check=True
    ).stdout.strip()
