"""MLflow's REST interface with short time-outs: no retries, no redirects, no answer without a bound on its size.

Plain HTTP rather than MLflow's client for two reasons. The client opens a run's files by itself wherever the run says
they are, ``file:///etc`` included; here the server is asked, which hands out what its own pages hand out. And it
blocks for minutes by default when the server is away.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from experiments.tracking.mlflow_errors import NOT_FOUND
from experiments.tracking.protocol import RunGone, TrackerError, TrackerUnavailable
from experiments.tracking.reader import ReadFailed

MAX_ANSWER_BYTES = 64 * 2**20
PATIENCE = 6
"""A whole answer may take this many times the time-out of one wait for it."""
CHUNK = 256 * 1024
_AWAY = frozenset({429, 502, 503, 504})


class MlflowHttp:
    """Credentials and TLS settings are read from the variables that MLflow's own client reads."""

    def __init__(self, uri: str, timeout_seconds: float) -> None:
        self.uri = uri.rstrip("/")
        self.timeout_seconds = max(1.0, timeout_seconds)
        self._session: requests.Session | None = None

    def call(self, method: str, route: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The answer of one call as JSON. Raises TrackerUnavailable, RunGone or ReadFailed."""
        kind = "params" if method == "GET" else "json"
        body = b"".join(self._read(method, f"/api/2.0/mlflow/{route}", {kind: arguments}, MAX_ANSWER_BYTES))
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise TrackerUnavailable("No MLflow server answers at this address: the answer is not JSON") from error
        if not isinstance(answer, dict):
            raise TrackerUnavailable("No MLflow server answers at this address: the answer is not an object")
        return answer

    def download(self, route: str, arguments: dict[str, str], target: Path, limit: int) -> str:
        """Writes the answer to ``target`` and flushes it to disk; its SHA-256."""
        digest = hashlib.sha256()
        with target.open("wb") as handle:
            for chunk in self._read("GET", route, {"params": arguments}, limit):
                digest.update(chunk)
                handle.write(chunk)
            handle.flush()
            os.fsync(handle.fileno())
        return digest.hexdigest()

    def _read(self, method: str, route: str, options: dict[str, Any], limit: int) -> Iterator[bytes]:
        deadline = time.monotonic() + PATIENCE * self.timeout_seconds
        size = 0
        try:
            with self._open().request(
                method, self.uri + route, timeout=self.timeout_seconds, allow_redirects=False, stream=True, **options
            ) as answer:
                if answer.status_code != 200:
                    raise _refusal(answer)
                for chunk in answer.iter_content(CHUNK):
                    size += len(chunk)
                    if size > limit:
                        raise ReadFailed(f"MLflow's answer is larger than {limit:,} bytes")
                    if time.monotonic() > deadline:
                        raise TrackerUnavailable("MLflow does not answer in time")
                    yield chunk
        except requests.Timeout as error:
            raise TrackerUnavailable("MLflow does not answer in time") from error
        except requests.RequestException as error:
            raise TrackerUnavailable("MLflow cannot be reached") from error

    def _open(self) -> requests.Session:
        if self._session is None:
            session = requests.Session()
            # A kept connection costs 40 ms a call here (the server's small writes meet delayed acknowledgements).
            session.headers["Connection"] = "close"
            user, password = os.environ.get("MLFLOW_TRACKING_USERNAME"), os.environ.get("MLFLOW_TRACKING_PASSWORD")
            if user and password:
                session.auth = (user, password)
            elif token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
                session.headers["Authorization"] = f"Bearer {token}"
            insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("1", "true")
            session.verify = not insecure and (os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or True)
            self._session = session
        return self._session


def _refusal(answer: requests.Response) -> TrackerError:
    """What an answer that is not 200 means."""
    status = answer.status_code
    if status in (401, 403):
        return TrackerUnavailable("MLflow refused the credentials")
    if status in _AWAY:
        return TrackerUnavailable(f"MLflow answered with an error: {status}")
    try:
        told = json.loads(next(answer.iter_content(10_000), b""))
    except (ValueError, requests.RequestException):
        told = None
    code = str(told.get("error_code", "")) if isinstance(told, dict) else ""
    if code == NOT_FOUND:
        return RunGone("MLflow does not know this run any more")
    if code or status >= 500:
        why = str(told.get("message", "")).splitlines()[:1] if isinstance(told, dict) else []
        return ReadFailed(f"MLflow answered with an error: {status} {code} {' '.join(why)}".strip()[:300])
    return TrackerUnavailable(f"No MLflow server answers at this address: it answered {status}")
