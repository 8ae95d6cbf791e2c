"""Reads runs from an MLflow server, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from experiments.tracking.mlflow_http import MlflowHttp
from experiments.tracking.reader import FoundRun, LastValue, Point, ReadFailed, RemoteFile, RunPage, Source

RUNS_PER_PAGE = 200
SOURCES_PER_PAGE = 1000
POINTS_PER_PAGE = 25_000
MAX_FOLDERS = 100
"""Folders of one run's files that are looked into; a request each."""


class MlflowReader:
    key = "mlflow"

    def __init__(self, uri: str, *, public_url: str, timeout_seconds: float) -> None:
        self.uri = uri
        self.public_url = (public_url if public_url.startswith("http") else "").rstrip("/")
        self._http = MlflowHttp(uri, timeout_seconds)

    @property
    def is_available(self) -> bool:
        """Only servers are read: a local store has no other users, and its files would be opened by their paths."""
        return self.uri.startswith(("http://", "https://"))

    def sources(self) -> list[Source]:
        question: dict[str, Any] = {"max_results": SOURCES_PER_PAGE, "view_type": "ALL"}
        rows = self._all("POST", "experiments/search", question, "experiments")
        return [_source(row) for row in rows]

    def runs(
        self, sources: Sequence[str], *, newest_first: bool, started_from: int | None = None, page: str = ""
    ) -> RunPage:
        question: dict[str, Any] = {
            "experiment_ids": list(sources),
            "run_view_type": "ALL",
            "max_results": RUNS_PER_PAGE,
            "order_by": [f"attributes.start_time {'DESC' if newest_first else 'ASC'}"],
        }
        if started_from is not None:
            question["filter"] = f"attributes.start_time >= {started_from}"
        if page:
            question["page_token"] = page
        answer = self._http.call("POST", "runs/search", question)
        return RunPage(tuple(_run(row) for row in _rows(answer, "runs")), str(answer.get("next_page_token") or ""))

    def run(self, external_id: str) -> FoundRun:
        return _run(self._http.call("GET", "runs/get", {"run_id": external_id}).get("run"))

    def history(self, external_id: str, metric: str, limit: int) -> tuple[list[Point], bool]:
        question = {
            "run_id": external_id,
            "metric_key": metric,
            "max_results": min(POINTS_PER_PAGE, limit + 1),
        }
        points: list[Point] = []
        for row in self._all("GET", "metrics/get-history", question, "metrics"):
            if len(points) == limit:
                return points, False
            points.append(_point(row))
        return points, True

    def files(self, external_id: str, limit: int) -> tuple[list[RemoteFile], bool]:
        found: list[RemoteFile] = []
        waiting, seen = [""], {""}
        while waiting:
            if len(seen) > MAX_FOLDERS:
                return found, False
            for row in self._folder(external_id, waiting.pop(0)):
                path = str(row.get("path") or "")
                if row.get("is_dir"):
                    if path not in seen:  # a server that lists a folder inside itself ends nowhere
                        seen.add(path)
                        waiting.append(path)
                elif len(found) == limit:
                    return found, False
                elif path:
                    found.append(RemoteFile(path, _whole(row.get("file_size"))))
        return found, True

    def download(self, external_id: str, path: str, target: Path, limit: int) -> str:
        return self._http.download("/get-artifact", {"run_id": external_id, "path": path}, target, limit)

    def url(self, source_id: str, external_id: str) -> str:
        return f"{self.public_url}/#/experiments/{source_id}/runs/{external_id}" if self.public_url else ""

    def _folder(self, external_id: str, folder: str) -> Iterator[dict[str, Any]]:
        question = {"run_id": external_id} | ({"path": folder} if folder else {})
        return self._all("GET", "artifacts/list", question, "files")

    def _all(self, method: str, route: str, question: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
        """The rows of every page."""
        asked = dict(question)
        while True:
            answer = self._http.call(method, route, asked)
            rows = _rows(answer, name)
            yield from rows
            token = answer.get("next_page_token")
            if not token or not rows or token == asked.get("page_token"):
                return
            asked["page_token"] = token


def _rows(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = answer.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadFailed(f"MLflow's answer has no list of {name}")
    return rows


def _source(row: dict[str, Any]) -> Source:
    return Source(str(row.get("experiment_id", "")), str(row.get("name", "")), row.get("lifecycle_stage") == "deleted")


def _run(row: Any) -> FoundRun:
    try:
        info, data = row["info"], row.get("data", {})
        tags = _pairs(data.get("tags", []))
        return FoundRun(
            external_id=str(info["run_id"]),
            source_id=str(info["experiment_id"]),
            name=str(info.get("run_name") or tags.get("mlflow.runName", "")),
            status=str(info.get("status", "")),
            started_at=_whole(info.get("start_time")) or None,
            ended_at=_whole(info.get("end_time")) or None,
            deleted=info.get("lifecycle_stage") == "deleted",
            person=str(tags.get("mlflow.user") or info.get("user_id") or ""),
            params=_pairs(data.get("params", [])),
            tags=tags,
            metrics=_last_values(data.get("metrics", [])),
        )
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ReadFailed(f"MLflow's answer about a run cannot be read: {type(error).__name__}") from error


def _pairs(rows: Any) -> dict[str, str]:
    return {str(row["key"]): str(row.get("value", "")) for row in rows}


def _last_values(rows: Any) -> dict[str, LastValue]:
    found: dict[str, LastValue] = {}
    for row in rows:
        point = _point(row)
        name, known = str(row["key"]), found.get(str(row["key"]))
        if known is None or (known.step, known.at) < (point.step, point.at):
            found[name] = LastValue(point.value, point.step, point.at)
    return found


def _point(row: dict[str, Any]) -> Point:
    """Numbers that are not finite come as the words NaN and Infinity."""
    try:
        return Point(_whole(row.get("step")), _whole(row.get("timestamp")), float(row.get("value", 0.0)))
    except (TypeError, ValueError) as error:
        raise ReadFailed("MLflow's answer about a metric cannot be read") from error


def _whole(value: Any) -> int:
    return 0 if value is None else int(value)
