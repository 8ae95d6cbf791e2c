"""`mlflow models serve` with the network of one of our runs: all items scored by ``model.predict``, seen ones left out.

This is how the same hybrid is usually served with MLflow; the process is MLflow's own, with one worker.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.clients import Asked
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import split
from experiments.models import ModelVersion
from experiments.services.spec import split_spec
from mlopspro.embedded import addresses

WRAPPER = """
import os
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
import mlflow
import numpy as np


class Hybrid(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import keras
        self.model = keras.saving.load_model(context.artifacts["network"], compile=False)
        beside = np.load(context.artifacts["seen"])
        self.start, self.item, self.items = beside["start"], beside["item"], int(beside["items"])
        self.codes = np.arange(self.items, dtype=np.int32)

    def predict(self, context, model_input, params=None):
        user = int(np.asarray(model_input).ravel()[0])
        users = np.full(self.items, user, np.int32)
        scores = self.model.predict([users, self.codes], verbose=0).ravel()
        scores[self.item[self.start[user]:self.start[user + 1]]] = -np.inf
        best = np.argsort(-scores)[:10]
        return [{"item": int(item), "score": float(scores[item])} for item in best]


mlflow.models.set_model(Hybrid())
"""


@contextmanager
def mlflow_serves(version: ModelVersion, folder: Path) -> Iterator[str]:
    """Its address, once it answers. The process ends with the block."""
    _save(version, folder)
    port = addresses.port("bench-mlflow-serve")
    command = [
        *(str(Path(sys.executable).with_name("mlflow")), "models", "serve", "-m", str(folder / "model")),
        *("--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
    ]
    environment = {
        **os.environ,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/ping", process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def asked_of_mlflow(users: int) -> object:
    def make(chance: random.Random) -> Asked:
        body = json.dumps({"inputs": [chance.randrange(users)]}).encode()
        return "POST", "/invocations", body, {"Content-Type": "application/json"}

    return make


def _save(version: ModelVersion, folder: Path) -> None:
    import mlflow

    folder.mkdir(parents=True, exist_ok=True)
    data = read_snapshot(version.dataset.path)
    parts = split(data, split_spec(version.split))
    known = np.concatenate([parts.train, parts.validation])
    order = np.argsort(data.user[known], kind="stable")
    start = np.searchsorted(data.user[known][order], np.arange(data.num_users + 1))
    np.savez(folder / "seen.npz", start=start, item=data.item[known][order], items=data.num_items)
    (folder / "wrap.py").write_text(WRAPPER)
    network = next(file for file in version.files.all() if file.name == "model.keras")
    mlflow.pyfunc.save_model(
        str(folder / "model"),
        python_model=str(folder / "wrap.py"),
        artifacts={"network": str(version.path / network.name), "seen": str(folder / "seen.npz")},
        pip_requirements=[],
    )


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError("mlflow models serve does not answer")
