"""Evidently in an environment of its own, and its figures as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PEERS = Path(tempfile.gettempdir()) / "mlopspro-peers"
REQUIREMENTS = ["evidently", "pandas<3"]
"""With pandas 3 it fails on import."""


def evidently(folder: Path, *asked: object) -> dict[str, Any]:
    """What ``drift_peers.py`` answers; the environment is made where there is none."""
    place = folder / "evidently"
    python = place / "bin" / "python"
    if not (place / ".ready").exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(place)])
        subprocess.check_call([str(python), "-m", "pip", "install", "-q", *REQUIREMENTS], stdout=sys.stderr)
        (place / ".ready").touch()
    script = Path(__file__).with_name("drift_peers.py")
    done = subprocess.run([str(python), str(script), *map(str, asked)], check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
