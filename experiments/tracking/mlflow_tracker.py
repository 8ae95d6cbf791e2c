"""MLflow as a mirror, through its client with explicit run ids (the fluent interface keeps global state).

Every call can be repeated: a run is found again by its tag before one is created, points carry the step and time of
our own rows (they are MLflow's primary key), parameters and tags are set to the same values, files to the same paths.
The client does not retry on its own (``MLFLOW_HTTP_REQUEST_MAX_RETRIES=0``): its defaults block for minutes, and a
request that is sent twice could create two runs. MLflow is imported when it is first needed, in worker processes only.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from experiments.tracking.mlflow_errors import EXISTS, NOT_FOUND, as_tracker_errors, code_of, translated
from experiments.tracking.names import DEFAULT_GROUPS, legal_key
from experiments.tracking.protocol import Batch, DeliveryResult, MessageRefused, RunGone, RunRef, State, TrackerError
from mlopspro.core.logs import scrub_text

EXPERIMENT_TAG = "mlopspro.experiment_id"
STATUSES = {"completed": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}
MAX_METRICS, MAX_PARAMS, MAX_TAGS = 800, 100, 100
"""Per request; MLflow takes 1,000, 100 and 100, and 1,000 of all together."""
MAX_VALUE_LENGTH = 5000
SECONDS_PER_MEGABYTE = 1.0
"""Patience with an upload on top of the ordinary time-out."""


@dataclass
class _Waiting:
    """What the next requests to one run will carry."""

    metrics: list[Any] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class MlflowTracker:
    key = "mlflow"
    label = "MLflow"
    whole_runs = False
    local = False
    can_upload = False

    def __init__(self, uri: str, *, public_url: str, data_root: Path, timeout_seconds: float) -> None:
        self.uri = uri
        self.public_url = (public_url if public_url.startswith("http") else "").rstrip("/")
        self.data_root = data_root
        self.timeout_seconds = max(1, round(timeout_seconds))
        self._client: Any = None
        self._groups: dict[str, str] = {}

    @property
    def is_available(self) -> bool:
        return bool(self.uri)

    @property
    def is_remote(self) -> bool:
        """A server at an address, rather than a database or folder that this machine opens itself."""
        return self.uri.startswith(("http://", "https://", "databricks"))

    def describe(self) -> str:
        groups = ", ".join(f"{name}={number}" for name, number in self._groups.items()) or "not asked yet"
        kind = "server" if self.is_remote else "local store"
        look = self.public_url or f"mlflow ui --backend-store-uri {self.uri}"
        return scrub_text(f"MLflow at {self.uri} ({kind}); experiments {groups}; see {look}")

    def prepare(self) -> None:
        """Creates the default experiments (F54) where they are missing."""
        with as_tracker_errors():
            self._groups.clear()
            for name in DEFAULT_GROUPS:
                self._group_id(name)

    def deliver(self, batch: Batch) -> DeliveryResult:
        with as_tracker_errors():
            run_id, group_id = self._find_or_create(batch)
            try:
                state, notes = self._write(run_id, batch)
            except Exception as error:
                raise self._explained(error, run_id) from error
        return DeliveryResult(run_id, self._url(group_id, run_id), state, tuple(notes))

    def upload(self, run: RunRef) -> DeliveryResult:
        raise NotImplementedError("nothing is kept offline; can_upload is False")

    # --- Runs --------------------------------------------------------------------------------------------------
    @property
    def client(self) -> Any:
        if self._client is None:
            os.environ.update(
                MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
                MLFLOW_HTTP_REQUEST_TIMEOUT=str(self.timeout_seconds),
                MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false",
                MLFLOW_DISABLE_TELEMETRY="true",
                DO_NOT_TRACK="true",
                MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="true",
            )
            from mlflow.tracking.client import MlflowClient

            self._client = MlflowClient(tracking_uri=self.uri)
        return self._client

    def _find_or_create(self, batch: Batch) -> tuple[str, str]:
        """(run id, experiment id), found by what we stored, else by our tag, else created."""
        if batch.run.external_id:
            info = self.client.get_run(batch.run.external_id).info
            return info.run_id, info.experiment_id
        first = batch.messages[0]
        if not isinstance(first, Open):
            raise RunGone("This run was never opened in MLflow")
        try:
            return self._created(batch.run, first)
        except Exception as error:
            if code_of(error) != NOT_FOUND or not self._groups:
                raise
            # The experiment we remember belongs to a server that is no more.
            self._groups.clear()
            return self._created(batch.run, first)

    def _created(self, run: RunRef, first: Open) -> tuple[str, str]:
        group_id = self._group_id(first.group)
        found = self._search(group_id, run.experiment_id)
        if found:
            return found[0], group_id
        tags = {EXPERIMENT_TAG: run.experiment_id, "mlflow.source.type": "JOB", "mlflow.source.name": "MLOps Pro"}
        if first.person:
            tags["mlflow.user"] = first.person
        created = self.client.create_run(group_id, start_time=milliseconds(first.at), tags=tags, run_name=first.name)
        return created.info.run_id, group_id

    def _search(self, group_id: str, experiment_id: str) -> list[str]:
        """Ids of the runs that carry our tag, the oldest first; one, unless a request outlived its time-out."""
        tag = f"tags.`{EXPERIMENT_TAG}` = '{experiment_id}'"
        runs = self.client.search_runs([group_id], tag, order_by=["attributes.start_time ASC"], max_results=10)
        return [run.info.run_id for run in runs]

    def _group_id(self, name: str) -> str:
        if name not in self._groups:
            self._groups[name] = self._ensure_group(name)
        return self._groups[name]

    def _ensure_group(self, name: str) -> str:
        known = self.client.get_experiment_by_name(name)
        if known is None:
            try:
                return str(self.client.create_experiment(name, tags={"mlopspro.purpose": name}))
            except Exception as error:
                if code_of(error) != EXISTS:
                    raise
                known = self.client.get_experiment_by_name(name)
        if known.lifecycle_stage != "active":
            self.client.restore_experiment(known.experiment_id)
        return str(known.experiment_id)

    def _url(self, group_id: str, run_id: str) -> str:
        return f"{self.public_url}/#/experiments/{group_id}/runs/{run_id}" if self.public_url else ""

    def _explained(self, error: Exception, run_id: str) -> TrackerError:
        """A refusal with the run's id, and with a clearer reason when somebody deleted the run in MLflow."""
        meaning = error if isinstance(error, TrackerError) else translated(error)
        if isinstance(meaning, MessageRefused):
            meaning.external_id = run_id
            if self.client.get_run(run_id).info.lifecycle_stage != "active":
                return MessageRefused("This run was deleted in MLflow", whole_run=True, external_id=run_id)
        return meaning

    # --- Content ----------------------------------------------------------------------------------------------
    def _write(self, run_id: str, batch: Batch) -> tuple[State, list[str]]:
        waiting = _Waiting()
        notes: list[str] = []
        state: State = "syncing"
        for message in batch.messages:
            self._collect(message, waiting)
            match message:
                case Open(dataset=DatasetInput() as dataset):
                    self._log_dataset(run_id, dataset)
                case Artifacts():
                    self._flush(run_id, waiting)
                    notes += self._log_files(run_id, message.files)
                case End():
                    self._flush(run_id, waiting)
                    self._end(run_id, batch.run, message)
                case Reopen():
                    self._flush(run_id, waiting)
                    self.client.update_run(run_id, status="RUNNING")
            state = "synced" if isinstance(message, End) else "syncing"
        self._flush(run_id, waiting)
        return state, notes

    def _collect(self, message: Message, waiting: _Waiting) -> None:
        match message:
            case Open() | Start():
                waiting.params |= {legal_key(name): _text(value) for name, value in message.params.items()}
                waiting.tags |= {legal_key(name): _text(value) for name, value in message.tags.items()}
                if isinstance(message, Open) and message.notes:
                    waiting.tags["mlflow.note.content"] = _text(message.notes)
            case Epoch():
                waiting.metrics += self._points(message.values, message.epoch, milliseconds(message.at))
            case Metrics():
                waiting.metrics += self._points(message.values, message.step, milliseconds(message.at))
            case End() if message.reason:
                waiting.tags["mlopspro.failure_reason"] = _text(message.reason)

    def _points(self, values: dict[str, float | None], step: int, at: int) -> list[Any]:
        from mlflow.entities import Metric

        return [
            Metric(legal_key(name), math.nan if value is None else value, at, step) for name, value in values.items()
        ]

    def _flush(self, run_id: str, waiting: _Waiting) -> None:
        """Sends and forgets what waits, in as few requests as MLflow's limits allow."""
        from mlflow.entities import Param, RunTag

        params = [Param(name, value) for name, value in waiting.params.items()]
        tags = [RunTag(name, value) for name, value in waiting.tags.items()]
        metrics = waiting.metrics
        while params or tags or metrics:
            self.client.log_batch(run_id, metrics[:MAX_METRICS], params[:MAX_PARAMS], tags[:MAX_TAGS])
            metrics, params, tags = metrics[MAX_METRICS:], params[MAX_PARAMS:], tags[MAX_TAGS:]
        waiting.metrics, waiting.params, waiting.tags = [], {}, {}

    def _log_dataset(self, run_id: str, dataset: DatasetInput) -> None:
        from mlflow.entities import Dataset
        from mlflow.entities import DatasetInput as Input

        # MLflow keeps 36 characters of a digest; the whole SHA-256 is among the parameters.
        entity = Dataset(dataset.name[:500], dataset.digest[:36], source_type="mlopspro", source=dataset.source)
        self.client.log_inputs(run_id, [Input(entity)])

    def _log_files(self, run_id: str, files: tuple[File, ...]) -> list[str]:
        """Uploads what is fit to be uploaded; returns why the rest is not."""
        notes = []
        for file in files:
            try:
                path = checked(file, self.data_root)
            except FileUnfit as unfit:
                notes.append(str(unfit))
                continue
            name = PurePosixPath(file.name)
            folder = str(name.parent) if name.parent != PurePosixPath() else None
            with tempfile.TemporaryDirectory() as temporary, self._patience(file.size_bytes):
                # The client names an artifact after its file, and ours need not be called what it is.
                link = Path(temporary) / name.name
                link.symlink_to(path)
                self.client.log_artifact(run_id, str(link), folder)
        return notes

    @contextmanager
    def _patience(self, size_bytes: int) -> Iterator[None]:
        """A longer time-out for the upload of a large file; the client reads its own from the environment."""
        seconds = self.timeout_seconds + math.ceil(size_bytes / 2**20 * SECONDS_PER_MEGABYTE)
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(seconds)
        try:
            yield
        finally:
            os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(self.timeout_seconds)

    def _end(self, run_id: str, run: RunRef, end: End) -> None:
        self.client.set_terminated(run_id, STATUSES[end.status], milliseconds(end.at))
        group_id = self.client.get_run(run_id).info.experiment_id
        for other in self._search(group_id, run.experiment_id):
            # A create that timed out here and was carried out there later, after we had created another.
            if other != run_id:
                self.client.delete_run(other)


def _text(value: object) -> str:
    """A parameter's value as MLflow shows it; booleans and None as in Python, lists as JSON would."""
    return str(value)[:MAX_VALUE_LENGTH]
