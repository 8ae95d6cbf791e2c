"""Clients that ask a server over kept connections, one request after the other each."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.site import quantile

Asked = tuple[str, str, bytes | None, Mapping[str, str]]
"""(method, path, body, headers) of one request."""


@dataclass(frozen=True)
class Measured:
    """Requests a second of all clients together, and milliseconds that single requests took."""

    rate: float
    p50: float
    p95: float
    requests: int
    errors: int


def ask(url: str, make: Callable[[random.Random], Asked], *, clients: int, seconds: float) -> Measured:
    """``make`` is given the random numbers of its client. Answers other than 200 are errors."""
    times: list[list[float]] = [[] for _ in range(clients)]
    errors = [0] * clients
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        chance = random.Random(number)
        connection = _connected(url)
        while time.perf_counter() < until:
            method, path, body, headers = make(chance)
            began = time.perf_counter()
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            answer.read()
            times[number].append(time.perf_counter() - began)
            errors[number] += answer.status != 200
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    every = [1000 * one for mine in times for one in mine]
    return Measured(len(every) / wall, quantile(every, 0.5), quantile(every, 0.95), len(every), sum(errors))


def _connected(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
