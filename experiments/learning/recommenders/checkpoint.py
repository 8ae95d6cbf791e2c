"""The state of an interrupted fit on disk: arrays as safetensors, progress as JSON, tied together by a hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from experiments.learning import atomic
from experiments.learning.recommenders.errors import CheckpointError

STATE_FILE = "state.safetensors"
PROGRESS_FILE = "progress.json"
_FORMAT = 1

Arrays = dict[str, NDArray[Any]]


@dataclass
class Progress:
    """How far a fit has come.

    ``best_epoch`` and ``best_loss`` belong to early stopping; ``history`` has one entry an epoch, as reported.
    """

    epoch: int = 0
    best_epoch: int | None = None
    best_loss: float | None = None
    history: list[dict[str, float]] = field(default_factory=list)


def write(folder: Path, *, state: Arrays, best: Arrays, progress: Progress, identity: Mapping[str, Any]) -> None:
    """Writes a checkpoint into ``folder``. The JSON comes last and holds the arrays' hash: without it there is none."""
    arrays = {f"state/{name}": array for name, array in state.items()}
    arrays |= {f"best/{name}": array for name, array in best.items()}
    digest = atomic.write_bytes(folder / STATE_FILE, save({name: _plain(array) for name, array in arrays.items()}))
    document = {"format": _FORMAT, "sha256": digest, "identity": dict(identity), "progress": asdict(progress)}
    atomic.write_bytes(folder / PROGRESS_FILE, json.dumps(document, indent=1).encode())


def read(folder: Path, identity: Mapping[str, Any]) -> tuple[Arrays, Arrays, Progress]:
    """(state, best, progress) as written.

    Raises CheckpointError where a file is missing or damaged, or where the checkpoint was made by another
    architecture, with other parameters, another seed or other data.
    """
    try:
        document = json.loads((folder / PROGRESS_FILE).read_text())
        content = (folder / STATE_FILE).read_bytes()
        kept, expected, digest = document["progress"], document["identity"], document["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"Checkpoint {folder.name} cannot be read: {error!r}.") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError(f"Checkpoint {folder.name} is damaged: {STATE_FILE} does not have the recorded SHA-256.")
    for name, value in identity.items():
        if expected.get(name) != value:
            raise CheckpointError(
                f"Checkpoint {folder.name} belongs to another run: its {name} is {expected.get(name)!r}, "
                f"this run's is {value!r}."
            )
    try:
        arrays = load(content)
    except SafetensorError as error:
        raise CheckpointError(f"Checkpoint {folder.name} cannot be read: {error}.") from error
    return _under("state/", arrays), _under("best/", arrays), Progress(**kept)


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """safetensors stores the memory as it lies, so views and transposes are copied first."""
    return np.ascontiguousarray(array).reshape(array.shape)
