"""MLflow's runs/search over HTTP with as many runs, in its own tables on the same PostgreSQL."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import psycopg

from benchmarks.history_data import METRICS, PARAMETERS, UNIFORM
from benchmarks.site import emit
from mlopspro import embedded
from mlopspro.embedded import addresses
from mlopspro.embedded.mlflow import store_uri

QUESTIONS: dict[str, dict[str, Any]] = {
    "newest": {"order_by": ["attributes.start_time DESC"]},
    "by F1": {"order_by": ["metrics.rated_f1_at_10 DESC"]},
    "by RMSE": {"order_by": ["metrics.pointwise_rmse ASC"]},
    "by a parameter": {"order_by": ["params.learning_rate DESC"]},
    "common filter, by F1": {
        "filter": "metrics.pointwise_rmse < 1.0",
        "order_by": ["metrics.rated_f1_at_10 DESC"],
    },
    "two common filters, by NDCG": {
        "filter": "metrics.pointwise_rmse < 1.0 and params.learning_rate = '0.001'",
        "order_by": ["metrics.catalogue_ndcg_at_10 DESC"],
    },
    "rare metric": {"filter": "metrics.rated_f1_at_10 > 0.97", "order_by": ["metrics.catalogue_ndcg_at_10 DESC"]},
}


class Peer:
    """MLflow's server with ``runs`` runs of one experiment."""

    def __init__(self, runs: int) -> None:
        embedded.ensure_running("mlflow")
        self.experiment = _post("experiments/create", {"name": "bench"})["experiment_id"]
        began = time.perf_counter()
        _fill(int(self.experiment), runs)
        emit("mlflow fill", runs=runs, seconds=round(time.perf_counter() - began))

    def ask(self, question: str) -> int:
        """The number of runs on the first page."""
        body = {"experiment_ids": [self.experiment], "max_results": 50, **QUESTIONS[question]}
        return len(_post("runs/search", body).get("runs", []))


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A connection a request: with keep-alive MLflow's server stalls for 40 ms."""
    request = urllib.request.Request(
        f"{addresses.mlflow_uri()}/api/2.0/mlflow/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        answer: dict[str, Any] = json.loads(response.read())
    return answer


def _fill(experiment: int, runs: int) -> None:
    """Rows as MLflow writes them itself (one point a metric; its searches read latest_metrics alone)."""
    address = store_uri().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as database:
        database.execute("SET statement_timeout = 0")
        database.execute(UNIFORM)
        database.execute(_RUNS, {"experiment": experiment, "runs": runs})
        for number, (protocol, name, _) in enumerate(METRICS):
            offset, scale = (0.55, 0.9) if name in ("rmse", "mae") else (0.0, 1.0)
            values = {"key": f"{protocol}_{name}", "stream": 100 + number, "offset": offset, "scale": scale}
            database.execute(_METRICS, {**values, "runs": runs})
        for name, text in PARAMETERS.items():
            written = text.replace("uniform(", "pg_temp.uniform(").replace("%", "%%")
            database.execute(_PARAMETERS.replace("TEXT", written), {"key": name, "runs": runs})
        for key in ("mlflow.user", "mlflow.runName", "mlflow.source.name", "mlflow.source.type", "model_type", "team"):
            database.execute(_TAGS, {"key": key, "runs": runs})
        database.execute("VACUUM ANALYZE")


_RUNS = """
INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
  source_version, lifecycle_stage, artifact_uri, experiment_id)
SELECT md5('run' || i), 'run-' || i, 'UNKNOWN', '', '', 'bench', 'FINISHED', 1790000000000 + i * 60000::bigint,
  1790000045000 + i * 60000::bigint, '', 'active', 'mlflow-artifacts:/' || i, %(experiment)s
FROM generate_series(1, %(runs)s) AS i
"""
_METRICS = """
INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
SELECT %(key)s, %(offset)s + %(scale)s * (0.7 * pg_temp.uniform(i, 3) + 0.3 * pg_temp.uniform(i, %(stream)s)),
  1790000000000, 0, false, md5('run' || i)
FROM generate_series(1, %(runs)s) AS i WHERE i %% 50 NOT IN (7, 8)
"""
_PARAMETERS = """
INSERT INTO params (key, value, run_uuid) SELECT %(key)s, TEXT, md5('run' || i) FROM generate_series(1, %(runs)s) AS i
"""
_TAGS = """
INSERT INTO tags (key, value, run_uuid) SELECT %(key)s, 'bench', md5('run' || i) FROM generate_series(1, %(runs)s) AS i
"""
