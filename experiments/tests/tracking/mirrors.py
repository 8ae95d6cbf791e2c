"""What a tracker shows of a run, read back past our own adapters: MLflow over plain REST, W&B from its file."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from experiments.tests.tracking import wandb_file
from experiments.tracking.memory import MemoryTracker
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
)
from experiments.tracking.mlflow_tracker import MlflowTracker
from experiments.tracking.protocol import Batch, Envelope, RunRef
from experiments.tracking.wandb_tracker import WandbTracker

LAUNCHED = dt.datetime(2026, 11, 20, 9, 30, 0, tzinfo=dt.UTC)
Point = tuple[str, int, float | str]


@dataclass
class Seen:
    """``points``: (name, epoch, value or "nan") of the epochs; ``figures``: the final ones."""

    name: str
    params: dict[str, str]
    points: list[Point]
    figures: dict[str, float | str]
    files: dict[str, str]
    status: str


def at(seconds: float) -> dt.datetime:
    return LAUNCHED + dt.timedelta(seconds=seconds)


def opened(experiment_id: str, **fields: Any) -> Open:
    values: dict[str, Any] = {
        "at": LAUNCHED,
        "name": "hybrid-20261120-093000",
        "group": "training",
        "params": {"epochs": 3, "learning_rate": 0.001, "split.method": "random"},
        "tags": {"model_type": "hybrid", "mlopspro.experiment_id": experiment_id},
        "labels": ("hybrid", "mine"),
        "notes": "first try",
        "dataset": DatasetInput(name="ml", digest="ab" * 32, source="mlopspro:dataset/1"),
    }
    return Open(**(values | fields))


def epoch(number: int, loss: float | None = None) -> Epoch:
    loss = 1 / number if loss is None else loss
    return Epoch(at=at(number), epoch=number, values={"train_loss": loss, "val_loss": loss + 0.5})


def a_run(experiment_id: str, epochs: int = 3, files: tuple[File, ...] = ()) -> list[Message]:
    """All messages of an ordinary completed run."""
    messages: list[Message] = [opened(experiment_id), Start(at=at(0), params={"total_parameters": 42})]
    messages += [epoch(number) for number in range(1, epochs + 1)]
    messages += [Metrics(at=at(epochs), step=epochs, values={"rmse": 0.91, "catalogue.ndcg_at_10": 0.17})]
    if files:
        messages.append(Artifacts(at=at(epochs), files=files))
    return [*messages, End(at=at(epochs + 1), status="completed")]


def reopened(seconds: float) -> Reopen:
    return Reopen(at=at(seconds))


def batch(experiment_id: str, messages: list[Message], *, external_id: str = "", first_seq: int = 1) -> Batch:
    envelopes = tuple(Envelope(first_seq + place, message) for place, message in enumerate(messages))
    return Batch(RunRef(experiment_id, external_id), envelopes)


def stored(data_root: Path, name: str, content: bytes) -> File:
    """A file below the data root and the message's word for it."""
    path = data_root / "runs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    return File(name=name, path=f"runs/{name}", sha256=digest, size_bytes=len(content))


# --- Reading back ---------------------------------------------------------------------------------------------------
def seen(tracker: Any, experiment_id: str) -> Seen:
    match tracker:
        case MemoryTracker():
            return _in_memory(tracker, experiment_id)
        case MlflowTracker():
            return _in_mlflow(MlflowReader(tracker.uri), experiment_id)
        case WandbTracker():
            return _in_wandb(tracker, experiment_id)
    raise TypeError(tracker)


def _shown(value: float | None) -> float | str:
    return "nan" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _in_memory(tracker: MemoryTracker, experiment_id: str) -> Seen:
    run = tracker.runs[experiment_id]
    points = [(name, step, _shown(value)) for name, step, _, value in run.points]
    epochs, figures = _apart(points)
    params = {name: str(value) for name, value in run.params.items()}
    return Seen(run.name, params, epochs, figures, dict(run.files), run.status)


def _apart(points: list[Point]) -> tuple[list[Point], dict[str, float | str]]:
    epochs = sorted(point for point in points if point[0].endswith("loss"))
    return epochs, {name: value for name, _, value in points if not name.endswith("loss")}


class MlflowReader:
    """MLflow's REST interface, without MLflow's client."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def call(self, method: str, route: str, /, **arguments: Any) -> dict[str, Any]:
        kind = "params" if method == "GET" else "json"
        answer = requests.request(method, f"{self.uri}/api/2.0/mlflow/{route}", timeout=30, **{kind: arguments})
        answer.raise_for_status()
        return answer.json()

    def experiments(self, view: str = "ACTIVE_ONLY") -> dict[str, str]:
        found = self.call("POST", "experiments/search", max_results=1000, view_type=view)["experiments"]
        return {row["name"]: row["experiment_id"] for row in found}

    def runs(self, experiment_id: str, view: str = "ACTIVE_ONLY") -> list[dict[str, Any]]:
        """Every run that carries our id, in whichever MLflow experiment."""
        tag = f"tags.`mlopspro.experiment_id` = '{experiment_id}'"
        groups = list(self.experiments().values())
        return self.call("POST", "runs/search", experiment_ids=groups, filter=tag, run_view_type=view).get("runs", [])

    def history(self, run_id: str, name: str) -> list[tuple[int, int, float]]:
        """(step, Unix milliseconds, value) as stored, duplicates and all."""
        rows = self.call("GET", "metrics/get-history", run_id=run_id, metric_key=name, max_results=20000)["metrics"]
        return [(int(row.get("step", 0)), int(row["timestamp"]), float(row["value"])) for row in rows]

    def points(self, run: dict[str, Any]) -> list[Point]:
        names = [metric["key"] for metric in run["data"].get("metrics", [])]
        return [
            (name, step, _shown(value))
            for name in sorted(names)
            for step, _, value in self.history(run["info"]["run_id"], name)
        ]

    def files(self, run_id: str, folder: str | None = None) -> dict[str, str]:
        where = {"path": folder} if folder else {}
        found: dict[str, str] = {}
        for row in self.call("GET", "artifacts/list", run_id=run_id, **where).get("files", []):
            if row["is_dir"]:
                found |= self.files(run_id, row["path"])
            else:
                query = {"run_id": run_id, "path": row["path"]}
                content = requests.get(f"{self.uri}/get-artifact", params=query, timeout=30).content
                found[row["path"]] = hashlib.sha256(content).hexdigest()
        return found


def _in_mlflow(reader: MlflowReader, experiment_id: str) -> Seen:
    (run,) = reader.runs(experiment_id)
    epochs, figures = _apart(reader.points(run))
    params = {row["key"]: row["value"] for row in run["data"].get("params", [])}
    statuses = {"FINISHED": "completed", "FAILED": "failed", "KILLED": "cancelled", "RUNNING": "running"}
    info = run["info"]
    return Seen(info["run_name"], params, epochs, figures, reader.files(info["run_id"]), statuses[info["status"]])


def offline_file(tracker: WandbTracker, experiment_id: str) -> Path:
    (path,) = tracker.config.folder.glob(f"{experiment_id.replace('-', '')}/wandb/offline-run-*/run-*.wandb")
    return path


def _in_wandb(tracker: WandbTracker, experiment_id: str) -> Seen:
    path = offline_file(tracker, experiment_id)
    run = wandb_file.read(path)
    points = [
        (name, row["_step"], "nan" if value in (None, "NaN") else value)
        for row in run.history
        for name, value in row.items()
        if not name.startswith("_")
    ]
    known = {"train_loss", "val_loss", "status"}
    figures = {name: _shown(v) for name, v in run.summary.items() if name not in known and not name.startswith("_")}
    labels = {"model_type", "_wandb"}
    params = {
        name: str(value)
        for name, value in run.config.items()
        if name not in labels and not name.startswith("mlopspro.")
    }
    folder = path.parent / "files"
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in run.files}
    return Seen(run.name, params, sorted(points), figures, files, str(run.summary["status"]))


def wait_until(condition: Any, patience: float = 30.0) -> None:
    """Polls until it holds. Raises TimeoutError otherwise."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come true")
        time.sleep(0.02)
