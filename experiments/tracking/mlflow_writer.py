"""Writes messages into one MLflow run, in order and in as few requests as MLflow's limits allow."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from experiments.tracking.files import FileUnfit, checked
from experiments.tracking.messages import (
    Artifacts,
    DatasetInput,
    End,
    Epoch,
    File,
    Message,
    Metrics,
    Open,
    Reopen,
    Start,
    milliseconds,
)
from experiments.tracking.names import legal_key

STATUSES = {"completed": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
MAX_METRICS, MAX_PARAMS, MAX_TAGS = 800, 100, 100
"""Per request; MLflow takes 1,000, 100 and 100, and 1,000 of all together."""
MAX_VALUE_LENGTH = 5000
SECONDS_PER_MEGABYTE = 1.0
"""Patience with an upload on top of the ordinary time-out."""


class MlflowWriter:
    """``take`` each message, then ``flush``. Parameters, tags and points wait to be sent together.

    ``notes``: files that were left out, and why. ``ended``: whether the last message ended the run.
    """

    def __init__(self, client: Any, run_id: str, data_root: Path, timeout_seconds: int) -> None:
        self.client = client
        self.run_id = run_id
        self.data_root = data_root
        self.timeout_seconds = timeout_seconds
        self.notes: list[str] = []
        self.ended = False
        self._metrics: list[Any] = []
        self._params: dict[str, str] = {}
        self._tags: dict[str, str] = {}

    def take(self, message: Message) -> None:
        self._collect(message)
        match message:
            case Open(dataset=DatasetInput() as dataset):
                self._log_dataset(dataset)
            case Artifacts():
                self.flush()
                for file in message.files:
                    self._log_file(file)
            case End():
                self.flush()
                self.client.set_terminated(self.run_id, STATUSES[message.status], milliseconds(message.at))
            case Reopen():
                self.flush()
                self.client.update_run(self.run_id, status="RUNNING")
        self.ended = isinstance(message, End)

    def flush(self) -> None:
        """Sends and forgets what waits."""
        from mlflow.entities import Param, RunTag

        params = [Param(name, value) for name, value in self._params.items()]
        tags = [RunTag(name, value) for name, value in self._tags.items()]
        metrics = self._metrics
        while params or tags or metrics:
            self.client.log_batch(self.run_id, metrics[:MAX_METRICS], params[:MAX_PARAMS], tags[:MAX_TAGS])
            metrics, params, tags = metrics[MAX_METRICS:], params[MAX_PARAMS:], tags[MAX_TAGS:]
        self._metrics, self._params, self._tags = [], {}, {}

    def _collect(self, message: Message) -> None:
        match message:
            case Open() | Start():
                self._params |= {legal_key(name): _text(value) for name, value in message.params.items()}
                self._tags |= {legal_key(name): _text(value) for name, value in message.tags.items()}
                if isinstance(message, Open) and message.notes:
                    self._tags["mlflow.note.content"] = _text(message.notes)
            case Epoch():
                self._add_points(message.values, message.epoch, milliseconds(message.at))
            case Metrics():
                self._add_points(message.values, message.step, milliseconds(message.at))
            case End() if message.reason:
                self._tags["mlopspro.failure_reason"] = _text(message.reason)

    def _add_points(self, values: dict[str, float | None], step: int, at: int) -> None:
        from mlflow.entities import Metric

        self._metrics += [
            Metric(legal_key(name), math.nan if value is None else value, at, step) for name, value in values.items()
        ]

    def _log_dataset(self, dataset: DatasetInput) -> None:
        from mlflow.entities import Dataset
        from mlflow.entities import DatasetInput as Input

        # MLflow keeps 36 characters of a digest; the whole SHA-256 is among the parameters.
        entity = Dataset(dataset.name[:500], dataset.digest[:36], source_type="mlopspro", source=dataset.source)
        self.client.log_inputs(self.run_id, [Input(entity)])

    def _log_file(self, file: File) -> None:
        try:
            path = checked(file, self.data_root)
        except FileUnfit as unfit:
            self.notes.append(str(unfit))
            return
        name = PurePosixPath(file.name)
        folder = str(name.parent) if name.parent != PurePosixPath() else None
        with tempfile.TemporaryDirectory() as temporary, self._patience(file.size_bytes):
            # The client names an artifact after its file, and ours need not be called what it is.
            link = Path(temporary) / name.name
            link.symlink_to(path)
            self.client.log_artifact(self.run_id, str(link), folder)

    @contextmanager
    def _patience(self, size_bytes: int) -> Iterator[None]:
        """A longer time-out for the upload of a large file; the client reads its own from the environment."""
        seconds = self.timeout_seconds + math.ceil(size_bytes / 2**20 * SECONDS_PER_MEGABYTE)
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(seconds)
        try:
            yield
        finally:
            os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(self.timeout_seconds)


def _text(value: object) -> str:
    """A value as MLflow shows it; booleans and None as in Python."""
    return str(value)[:MAX_VALUE_LENGTH]
