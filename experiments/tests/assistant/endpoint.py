"""A real HTTP server that speaks chat completions, as scripted by a test."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Script:
    """``pieces`` are sent as deltas; ``raw`` instead of them as they are."""

    pieces: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    breaks_off: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def event(piece: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {"content": piece}}]}).encode() + b"\n\n"


@contextmanager
def endpoint(script: Script) -> Iterator[str]:
    """The address that ends before /chat/completions."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append({"path": self.path, **json.loads(body)})
            script.keys.append(self.headers.get("Authorization", ""))
            self.send_response(script.status)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for chunk in script.raw or [event(piece) for piece in script.pieces]:
                    self.wfile.write(chunk)
                    self.wfile.flush()
                    if script.pause:
                        time.sleep(script.pause)
                if not script.breaks_off:
                    self.wfile.write(b"data: [DONE]\n\n")
            except OSError:
                pass
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
