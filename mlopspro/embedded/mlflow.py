"""The embedded MLflow server: a mirror of runs, reachable from this machine alone."""

from __future__ import annotations

import os
import signal
import sys
import urllib.request
from urllib.parse import urlsplit

from mlopspro.embedded import addresses, processes
from mlopspro.embedded.paths import service_dir
from mlopspro.embedded.secrets import secret

SAFE_DEFAULTS = {
    # By default the server runs jobs in processes of its own and reads pickled models; we want neither (decision D9).
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


def store_uri() -> str:
    """SQLAlchemy URL of MLflow's own database: in the embedded PostgreSQL with a user of its own, in
    MLOPSPRO_MLFLOW_STORE_URI where that is given, else (PostgreSQL is not ours to make databases in) an SQLite file."""
    given = os.environ.get("MLOPSPRO_MLFLOW_STORE_URI", "").strip()
    if given:
        return given
    if addresses.is_given("postgres"):
        return f"sqlite:///{service_dir('mlflow') / 'mlflow.db'}"
    port = addresses.port("postgres")
    return f"postgresql+psycopg://mlflow:{secret('postgres_mlflow_password')}@{addresses.HOST}:{port}/mlflow"


def environment() -> dict[str, str]:
    """This process's environment with MLflow's server settings. The store's password goes here and not on the
    command line, where everybody could read it."""
    return {
        **os.environ,
        **SAFE_DEFAULTS,
        "MLFLOW_BACKEND_STORE_URI": store_uri(),
        "PYTHONUNBUFFERED": "1",
    }


def command() -> list[str]:
    """Command line of the server: one worker (four are the default and take 2 GB), artifacts through the server."""
    artifacts = service_dir("mlflow") / "artifacts"
    artifacts.mkdir(exist_ok=True)
    address = urlsplit(addresses.mlflow_uri())
    return [
        *(sys.executable, "-m", "mlflow", "server"),
        *("--host", str(address.hostname), "--port", str(address.port), "--workers", "1"),
        *("--serve-artifacts", "--artifacts-destination", str(artifacts)),
    ]


class MLflow:
    """``mlflow server`` with a SQL store."""

    name = "mlflow"
    title = "MLflow"
    start_timeout = 120.0
    """Seconds. The first start makes some forty tables, one migration after the other."""

    def find(self) -> processes.Record | None:
        return processes.find(self.name)

    def launch(self) -> processes.Record:
        return processes.spawn(self.name, command(), environment=environment(), folder=service_dir(self.name))

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{addresses.mlflow_uri()}/health", timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except OSError:
            return False

    def prepare(self) -> None:
        """Nothing: MLflow makes its own tables."""

    def stop(self) -> None:
        record = self.find()
        if record is not None:
            processes.end(record, signal.SIGTERM, grace=8)
        processes.forget(self.name)
