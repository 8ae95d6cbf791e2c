from __future__ import annotations

import pytest

from experiments.tests.tracking.servers import MlflowServer


@pytest.fixture(scope="session")
def _mlflow_process(tmp_path_factory):
    server = MlflowServer(tmp_path_factory.mktemp("mlflow"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def mlflow_server(_mlflow_process):
    """A running MLflow server shared by the session's tests; a test may stop and freeze it as it likes."""
    _mlflow_process.start()
    _mlflow_process.thaw()
    return _mlflow_process
