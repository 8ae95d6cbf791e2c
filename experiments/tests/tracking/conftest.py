from __future__ import annotations

import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from experiments.services import delivery
from experiments.tracking.memory import MemoryTracker
from experiments.tracking.mlflow_tracker import MlflowTracker
from experiments.tracking.wandb_tracker import WandbConfig, WandbTracker
from mlopspro import embedded


@pytest.fixture(autouse=True)
def _fresh_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts as a worker that has met no tracker yet."""
    monkeypatch.setattr(delivery, "_prepared", set())


@pytest.fixture
def experiment_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def mlflow_address(mlflow_server) -> str:
    """A running MLflow server."""
    return embedded.mlflow_uri()


@pytest.fixture
def make_mlflow(tmp_path: Path):
    def make(uri: str, timeout_seconds: float = 30) -> MlflowTracker:
        return MlflowTracker(
            uri, public_url="https://mlflow.example", data_root=tmp_path, timeout_seconds=timeout_seconds
        )

    return make


@pytest.fixture
def make_wandb(tmp_path: Path):
    def make(**changes: object) -> WandbTracker:
        values: dict[str, object] = {
            "folder": tmp_path / "wandb",
            "data_root": tmp_path,
            "project": "mlopspro",
            "entity": "",
            "base_url": "http://127.0.0.1:9",
            "api_key": "",
            "timeout_seconds": 1.0,
        }
        return WandbTracker(WandbConfig(**(values | changes)))

    return make


@pytest.fixture(
    params=[
        "memory",
        pytest.param("mlflow", marks=pytest.mark.services),
        pytest.param("wandb", marks=pytest.mark.services),
    ]
)
def tracker(request: pytest.FixtureRequest):
    """Each tracker there is: what holds for one holds for all."""
    match request.param:
        case "memory":
            return MemoryTracker()
        case "mlflow":
            return request.getfixturevalue("make_mlflow")(request.getfixturevalue("mlflow_address"))
        case _:
            return request.getfixturevalue("make_wandb")()


@pytest.fixture
def http_server():
    """``http_server(status)``: the address of a server that gives this answer to everything."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = b"nothing here"
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  the name that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
