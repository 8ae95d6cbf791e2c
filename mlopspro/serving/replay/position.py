"""How far a replay came, so that a stopped one goes on where it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from experiments.learning.atomic import write_bytes


class OtherReplay(ValueError):
    """A position belongs to a replay with other options."""


class Position:
    """A file with the number of the next request. ``options`` are what makes this replay the one it is."""

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self.path = path
        self.digest = hashlib.sha256(json.dumps(options, sort_keys=True, default=str).encode()).hexdigest()

    def read(self) -> int:
        """0 where there is none. Raises OtherReplay."""
        try:
            found = json.loads(self.path.read_text())
        except FileNotFoundError:
            return 0
        if found.get("options") != self.digest:
            raise OtherReplay(
                f"{self.path.stem} is the position of a replay with other options; accepted: the same ones, or another "
                "name"
            )
        return int(found["next"])

    def write(self, number: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(self.path, json.dumps({"next": number, "options": self.digest}).encode())
