"""Weights & Biases as a mirror: offline until a key is set, then synced (decision D8).

A run is written once, complete, when it has ended: into a folder of its own that is put in place by one rename, so a
crash half-way leaves nothing and a second delivery finds it done. With a key the folder is handed to ``wandb sync``.
Both are programs of their own: W&B starts helpers and changes process-wide state, and may take as long as it likes
without holding the worker's memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from experiments.tracking.files import FileUnfit, checked
from experiments.tracking.messages import Artifacts, End, Epoch, Metrics, Open, Start, to_payload
from experiments.tracking.names import flatten, legal_key
from experiments.tracking.protocol import Batch, DeliveryFailed, DeliveryResult, RunGone, RunRef, TrackerUnavailable
from experiments.tracking.wandb_writer import OfflineRun, Row
from mlopspro.core.logs import scrub_text

WRITE_TIMEOUT_SECONDS = 120
UPLOAD_TIMEOUT_SECONDS = 120
SECONDS_PER_MEGABYTE = 1.0
MAX_LABEL_LENGTH = 64
MARKER = "mirror.json"
_RUN_URL = re.compile(r"https?://[^\s'\"]+/runs/[\w\-]+")


@dataclass(frozen=True)
class WandbConfig:
    folder: Path
    """Where offline runs are kept, one folder a run."""
    data_root: Path
    project: str
    entity: str
    base_url: str
    api_key: str
    timeout_seconds: float


class WandbTracker:
    key = "wandb"
    label = "Weights & Biases"
    whole_runs = True
    local = True
    is_available = True

    def __init__(self, config: WandbConfig) -> None:
        self.config = config

    @property
    def can_upload(self) -> bool:
        return bool(self.config.api_key)

    def describe(self) -> str:
        if self.can_upload:
            return f"Weights & Biases: runs are synced to {self.config.base_url}, project {self.config.project}"
        return f"Weights & Biases: runs are written offline to {self.config.folder}; set WANDB_API_KEY to sync them"

    def prepare(self) -> None:
        """Nothing is needed; the folder is made with the first run."""

    # --- Offline ----------------------------------------------------------------------------------------------
    def deliver(self, batch: Batch) -> DeliveryResult:
        run_id = uuid.UUID(batch.run.experiment_id).hex
        digest = _digest(batch)
        target = self.config.folder / run_id
        known = _read_marker(target)
        if known.get("digest") == digest:
            return DeliveryResult(run_id, batch.run.url, "offline", tuple(known["notes"]))
        temporary = self.config.folder / f".{run_id}-{uuid.uuid4().hex[:8]}"
        try:
            temporary.mkdir(parents=True)
            run, notes = self._offline_run(run_id, batch, temporary)
            self._run_writer(run)
            (temporary / MARKER).write_text(json.dumps({"digest": digest, "notes": notes}))
            _replace(temporary, target)
        except OSError as error:
            raise DeliveryFailed(f"The offline run could not be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return DeliveryResult(run_id, "", "offline", tuple(notes))

    def _offline_run(self, run_id: str, batch: Batch, folder: Path) -> tuple[OfflineRun, list[str]]:
        opened = [message for message in batch.messages if isinstance(message, Open)]
        if not opened:
            raise RunGone("The messages of this run do not go back to its beginning")
        first = opened[-1]
        config: dict[str, Any] = dict(first.params) | first.tags
        history: dict[int, Row] = {}
        summary: dict[str, float | str | None] = {}
        files: dict[str, Path] = {}
        notes: list[str] = []
        exit_code = 0
        for message in batch.messages:
            match message:
                case Start():
                    config |= {**message.params, **message.tags}
                case Epoch():
                    values = {legal_key(name): value for name, value in message.values.items()}
                    history[message.epoch] = Row(step=message.epoch, at=message.at.timestamp(), values=values)
                case Metrics():
                    summary |= {legal_key(name): value for name, value in message.values.items()}
                case Artifacts():
                    for file in message.files:
                        try:
                            files[file.name] = checked(file, self.config.data_root)
                        except FileUnfit as unfit:
                            notes.append(str(unfit))
                case End():
                    exit_code = 0 if message.status == "completed" else 1
                    summary["status"] = message.status
        run = OfflineRun(
            run_id=run_id,
            folder=folder,
            project=self.config.project,
            entity=self.config.entity,
            name=first.name,
            job_type=first.group,
            notes=first.notes,
            labels=[label[:MAX_LABEL_LENGTH] for label in first.labels],
            config=flatten(config),
            history=[history[step] for step in sorted(history)],
            summary=summary,
            files=files,
            exit_code=exit_code,
        )
        return run, notes

    def _run_writer(self, run: OfflineRun) -> None:
        command = [sys.executable, "-m", "experiments.tracking.wandb_writer"]
        done = self._call(command, self._environment(run.folder), WRITE_TIMEOUT_SECONDS, run.model_dump_json())
        written = list(run.folder.glob(f"wandb/offline-run-*/run-{run.run_id}.wandb"))
        if done.returncode != 0 or not written:
            raise DeliveryFailed(f"The offline run could not be written: {_last_line(done)}")
        for scratch in (path for path in run.folder.iterdir() if path.name != "wandb"):
            shutil.rmtree(scratch, ignore_errors=True)

    # --- Online -----------------------------------------------------------------------------------------------
    def upload(self, run: RunRef) -> DeliveryResult:
        """``wandb sync`` of the offline copy. W&B knows the run by its id, so doing it twice gives one run."""
        run_id = uuid.UUID(run.experiment_id).hex
        files = list((self.config.folder / run_id).glob(f"wandb/offline-run-*/run-{run_id}.wandb"))
        if not files:
            raise RunGone("The offline copy of this run is no longer on this machine")
        self._probe()
        scratch = self.config.folder / f".{run_id}-{uuid.uuid4().hex[:8]}"
        scratch.mkdir(parents=True)
        try:
            environment = self._environment(scratch) | {"WANDB_API_KEY": self.config.api_key}
            done = self._call(self._sync_command(files[0].parent), environment, self._upload_patience(files[0].parent))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if done.returncode != 0 or not files[0].with_suffix(".wandb.synced").exists():
            # The program reports a refused key with exit code 0; only its own marker says that all is there.
            raise TrackerUnavailable(f"W&B did not take the run: {_last_line(done)}")
        found = _RUN_URL.search(done.stdout + done.stderr)
        return DeliveryResult(run_id, found.group() if found else self._guessed_url(run_id), "synced")

    def _sync_command(self, folder: Path) -> list[str]:
        command = [sys.executable, "-m", "wandb", "sync", str(folder), "--project", self.config.project]
        command += ["--include-synced"]
        return command + (["--entity", self.config.entity] if self.config.entity else [])

    def _probe(self) -> None:
        """Costs one short time-out where W&B is away; its own program would try for minutes."""
        try:
            requests.get(self.config.base_url, timeout=self.config.timeout_seconds, stream=True).close()
        except requests.RequestException as error:
            raise TrackerUnavailable(f"W&B cannot be reached at {scrub_text(self.config.base_url)}") from error

    def _upload_patience(self, folder: Path) -> float:
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return UPLOAD_TIMEOUT_SECONDS + size / 2**20 * SECONDS_PER_MEGABYTE

    def _guessed_url(self, run_id: str) -> str:
        """Where W&B shows the run; without an entity only a person who is signed in there gets further."""
        host = self.config.base_url.replace("https://api.wandb.ai", "https://wandb.ai").rstrip("/")
        return f"{host}/{self.config.entity}/{self.config.project}/runs/{run_id}" if self.config.entity else host

    # --- Programs ---------------------------------------------------------------------------------------------
    def _environment(self, scratch: Path) -> dict[str, str]:
        """Ours without W&B's variables, and every folder that W&B writes to inside ``scratch``."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
        return environment | {
            "WANDB_BASE_URL": self.config.base_url,
            # Else the command leaves a folder where the worker happens to run.
            "WANDB_DIR": str(scratch),
            "WANDB_CACHE_DIR": str(scratch / "cache"),
            "WANDB_CONFIG_DIR": str(scratch / "config"),
            "WANDB_DATA_DIR": str(scratch / "data"),
            "WANDB_ARTIFACT_DIR": str(scratch / "artifacts"),
            "WANDB_ERROR_REPORTING": "false",
            "DO_NOT_TRACK": "1",
        }

    @staticmethod
    def _call(
        command: list[str], environment: dict[str, str], timeout: float, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                command, input=text, env=environment, timeout=timeout, capture_output=True, text=True, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise DeliveryFailed(f"{command[2]} did not finish within {timeout:.0f} s") from error


def _digest(batch: Batch) -> str:
    """Of the content of all messages: the same run told again has the same one."""
    text = json.dumps([to_payload(message) for message in batch.messages], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_marker(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / MARKER).read_text()))
    except (OSError, ValueError):
        return {}


def _replace(new: Path, target: Path) -> None:
    """Puts a folder in the place of another; between the two renames there is none, never half of one."""
    old = new.with_name(f"{new.name}-old")
    if target.exists():
        target.rename(old)
    new.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return scrub_text(lines[-1].strip()[:300]) if lines else f"exit code {done.returncode}"
