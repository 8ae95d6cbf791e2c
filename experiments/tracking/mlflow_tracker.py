"""MLflow as a mirror, through its client with explicit run ids (the fluent interface keeps global state).

Every call can be repeated: a run is found again by its tag before one is created, points carry the step and time of
our own rows (they are MLflow's primary key), parameters and tags are set to the same values, files to the same paths.
The client does not retry on its own (``MLFLOW_HTTP_REQUEST_MAX_RETRIES=0``): its defaults block for minutes, and a
request that is sent twice could create two runs. MLflow is imported when it is first needed, in worker processes only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from experiments.tracking.messages import Open, milliseconds
from experiments.tracking.mlflow_errors import NOT_FOUND, as_tracker_errors, code_of, translated
from experiments.tracking.mlflow_groups import ensured
from experiments.tracking.mlflow_writer import MlflowWriter
from experiments.tracking.names import DEFAULT_GROUPS
from experiments.tracking.protocol import (
    Batch,
    DeliveryResult,
    MessageRefused,
    RunGone,
    RunRef,
    TrackerError,
)
from mlopspro.core.logs import scrub_text

EXPERIMENT_TAG = "mlopspro.experiment_id"
STALE = frozenset({NOT_FOUND, "INVALID_PARAMETER_VALUE", "INVALID_STATE"})


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
            os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(self.timeout_seconds)
            run_id, url = self._find_or_create(batch)
            writer = MlflowWriter(self.client, run_id, self.data_root, self.timeout_seconds)
            try:
                for message in batch.messages:
                    writer.take(message)
                writer.flush()
                if writer.ended:
                    self._remove_doubles(run_id, batch.run.experiment_id)
            except Exception as error:
                raise self._explained(error, run_id) from error
        return DeliveryResult(run_id, url, "synced" if writer.ended else "syncing", tuple(writer.notes))

    def upload(self, run: RunRef) -> DeliveryResult:
        raise NotImplementedError("nothing is kept offline; can_upload is False")

    # --- Runs --------------------------------------------------------------------------------------------------
    @property
    def client(self) -> Any:
        if self._client is None:
            # The client reads its settings from the environment, at each request.
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
        """(run id, address), by what we stored, else found by our tag, else created."""
        run_id = batch.run.external_id
        if run_id:
            # Whether MLflow still has it shows with the first write.
            return run_id, batch.run.url or self._url(self.client.get_run(run_id).info.experiment_id, run_id)
        first = batch.messages[0]
        if not isinstance(first, Open):
            raise RunGone("This run was never opened in MLflow")
        try:
            return self._created(batch.run, first)
        except Exception as error:
            if code_of(error) not in STALE or not self._groups:
                raise
            # The experiment we remember was deleted, or belongs to a server that is no more.
            self._groups.clear()
            return self._created(batch.run, first)

    def _created(self, run: RunRef, first: Open) -> tuple[str, str]:
        group_id = self._group_id(first.group)
        found = self._search(group_id, run.experiment_id)
        if found:
            return found[0], self._url(group_id, found[0])
        tags = {EXPERIMENT_TAG: run.experiment_id, "mlflow.source.type": "JOB", "mlflow.source.name": "MLOps Pro"}
        if first.person:
            tags["mlflow.user"] = first.person
        created = self.client.create_run(group_id, start_time=milliseconds(first.at), tags=tags, run_name=first.name)
        return created.info.run_id, self._url(group_id, created.info.run_id)

    def _search(self, group_id: str, experiment_id: str) -> list[str]:
        """Ids of the runs that carry our tag, the oldest first; one, unless a request outlived its time-out."""
        tag = f"tags.`{EXPERIMENT_TAG}` = '{experiment_id}'"
        runs = self.client.search_runs([group_id], tag, order_by=["attributes.start_time ASC"], max_results=10)
        return [run.info.run_id for run in runs]

    def _group_id(self, name: str) -> str:
        if name not in self._groups:
            self._groups[name] = ensured(self.client, name)
        return self._groups[name]

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

    def _remove_doubles(self, run_id: str, experiment_id: str) -> None:
        """Deletes what a create left that timed out here and was carried out there, after we had created another."""
        group_id = self.client.get_run(run_id).info.experiment_id
        for other in self._search(group_id, experiment_id):
            if other != run_id:
                self.client.delete_run(other)
