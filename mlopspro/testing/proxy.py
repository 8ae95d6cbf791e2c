"""A TCP proxy that stands in front of a server and misbehaves on request.

    with FaultyProxy("127.0.0.1", 6379) as proxy:
        client = connect(proxy.host, proxy.port)
        proxy.mode = "blackhole"

Modes: ``pass`` forwards; ``delay`` forwards each piece after ``delay_seconds``; ``refuse`` closes open connections and
listens no more; ``blackhole`` accepts and takes everything, and answers nothing.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import Literal

Mode = Literal["pass", "delay", "refuse", "blackhole"]
MODES = ("pass", "delay", "refuse", "blackhole")


class FaultyProxy:
    """Forwards 127.0.0.1:``port`` to ``target_host:target_port`` in threads of this process."""

    def __init__(self, target_host: str, target_port: int, *, delay_seconds: float = 0.2) -> None:
        self.target = (target_host, target_port)
        self.delay_seconds = delay_seconds
        self.host = "127.0.0.1"
        self.accepted = 0
        self._mode: Mode = "pass"
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}; one of {', '.join(MODES)} is needed")
        self._mode = mode
        if mode == "refuse":
            self._stop_listening()
            self.drop_connections()
        elif self._listener is None:
            self._listener = self._listen(self.port)

    def drop_connections(self) -> None:
        """Close every open connection, as a server that dies does."""
        with self._lock:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            _close(one)

    def close(self) -> None:
        self.mode = "refuse"

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server((self.host, port), backlog=64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _stop_listening(self) -> None:
        if self._listener is not None:
            _close(self._listener)
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._keep(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=5)
        except OSError:
            _close(client)
            return
        server.settimeout(None)
        self._keep(server)
        threading.Thread(target=self._pump, args=(server, client), daemon=True).start()
        self._pump(client, server)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._mode == "blackhole":
                    continue
                if self._mode == "delay":
                    time.sleep(self.delay_seconds)
                sink.sendall(data)
        for one in (source, sink):
            _close(one)
            with self._lock:
                self._sockets.discard(one)

    def _keep(self, one: socket.socket) -> None:
        with self._lock:
            self._sockets.add(one)


def _close(one: socket.socket) -> None:
    # shutdown wakes a thread that waits in accept or recv; close alone does not.
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
