"""As much of W&B's server as ``wandb sync`` needs: enough to see what would arrive there, and how often.

It keeps the lines of a run's history by their offset, as W&B's file stream does, and the files put up with it.
"""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WandbServer:
    def __init__(self) -> None:
        self.history: dict[str, dict[int, dict[str, Any]]] = {}
        self.files: dict[str, bytes] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.keys: set[str] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: bytes) -> dict[str, Any]:
        if path == "/graphql":
            request = json.loads(body)
            return {"data": self._graphql(request["query"], request.get("variables") or {})}
        if path.endswith("/file_stream"):
            run_id = path.split("/")[-2]
            stream = json.loads(body).get("files", {}).get("wandb-history.jsonl")
            if stream:
                lines = self.history.setdefault(run_id, {})
                lines |= {stream["offset"] + place: json.loads(line) for place, line in enumerate(stream["content"])}
        elif path.startswith("/put/"):
            self.files[path.removeprefix("/put/")] = body
        return {}

    def _graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "upsertBucket" in query:
            self.runs[variables["name"]] = self.runs.get(variables["name"], {}) | variables
            project = {"id": "p", "name": variables["project"], "entity": {"id": "e", "name": "acme"}}
            bucket = {"id": "b", "name": variables["name"], "displayName": variables["displayName"], "project": project}
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "createRunFiles" in query:
            files = [{"name": name, "uploadUrl": f"{self.address}/put/{name}"} for name in variables["files"]]
            return {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": files}}
        return {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if key := self.headers.get("Authorization"):
                    server.keys.add(key)
                answer = json.dumps(server.answer(self.path, body)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PUT = do_GET  # noqa: N815  the names that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        return Handler
