"""A door to a site over HTTP: asks as any caller does, with an API key."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import time
import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from mlopspro.serving.replay.doors import Asked, Told
from mlopspro.serving.replay.drift import Kind
from mlopspro.serving.replay.requests import ListRequest, Request, Troubles

PATIENCE_SECONDS = 30.0
"""How long feedback is tried again while the site does not answer; it carries keys, so that nothing doubles."""


class RefusedByTheSite(Exception):
    """The site says no, and would say it again; the message holds its words."""


class HttpDoor:
    """One connection that is kept. An answer that fails on the way or with a status of 500 and more is a failed one."""

    refuses = frozenset({Kind.SLOW, Kind.ERRORS})

    def __init__(self, url: str, key: str, *, model: str = "", n: int = 10, timeout: float = 30.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"url is {url!r}; accepted: such as http://127.0.0.1:8000")
        maker = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.connection = maker(parts.hostname, parts.port, timeout=timeout)
        self.base, self.key, self.model, self.n = parts.path.rstrip("/"), key, model, n

    def ask(self, request: Request, troubles: Troubles, at: dt.datetime) -> Asked:
        try:
            return self._asked(request)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return Asked(uuid.UUID(int=0), failed=True)

    def tell(self, feedback: Sequence[Told]) -> None:
        rows = [_document(one) for one in feedback]
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self._call("POST", "/api/feedback", rows) is not None:
                    return
            except (OSError, http.client.HTTPException):
                self.connection.close()
            if time.monotonic() >= until:
                raise RefusedByTheSite(f"{len(rows)} pieces of feedback could not be handed over: no answer")
            time.sleep(0.5)

    def flush(self) -> None:
        self.connection.close()

    def _asked(self, request: Request) -> Asked:
        if isinstance(request, ListRequest):
            named = f"&model={quote(self.model)}" if self.model else ""
            found = self._call("GET", f"/api/recommend/{quote(request.user, safe='')}?n={self.n}{named}")
            if found is None:
                return Asked(uuid.UUID(int=0), failed=True)
            return Asked(uuid.UUID(found["prediction_id"]), tuple(one["item"] for one in found["items"]))
        found = self._call("POST", f"/api/predict/{quote(self.model, safe='')}", {"rows": [request.features]})
        if found is None:
            return Asked(uuid.UUID(int=0), failed=True)
        return Asked(uuid.UUID(found["rows"][0]["prediction_id"]))

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
        """The data of the answer; None where the site failed or has too much to do. Raises RefusedByTheSite for 400 to
        499 else."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, self.base + path, data, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 500 or answer.status == http.client.TOO_MANY_REQUESTS:
            return None
        if answer.status >= 400:
            raise RefusedByTheSite(f"{method} {path}: {answer.status} {content[:2000].decode(errors='replace')}")
        found = json.loads(content)
        data_of: dict[str, Any] = found.get("data", found)
        return data_of


def _document(told: Told) -> dict[str, Any]:
    reaction = told.reaction
    document: dict[str, Any] = {
        "prediction": str(told.prediction_id), "kind": reaction.kind, "at": told.at.isoformat(), "key": told.key,
    }  # fmt: skip
    given = {"item": reaction.item, "label": reaction.label, "value": reaction.value}
    return document | {name: value for name, value in given.items() if value not in ("", None)}
