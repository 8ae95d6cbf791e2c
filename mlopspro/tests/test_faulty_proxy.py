"""The proxy that tests put before a server does what each of its modes says."""

from __future__ import annotations

import socket
import threading

import pytest

from mlopspro.testing.proxy import FaultyProxy


@pytest.fixture
def echo():
    """A server that sends everything back."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client: socket.socket) -> None:
        while data := client.recv(1000):
            client.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(proxy: FaultyProxy, timeout: float = 5) -> bytes:
    with socket.create_connection((proxy.host, proxy.port), timeout=timeout) as client:
        client.sendall(b"ping")
        return client.recv(100)


@pytest.mark.parametrize("mode", ["pass", "delay"])
def test_it_forwards(echo, mode):
    with FaultyProxy(*echo, delay_seconds=0.01) as proxy:
        proxy.mode = mode
        assert ask(proxy) == b"ping"


def test_refuse_closes_open_connections_and_takes_no_new_ones(echo):
    with FaultyProxy(*echo) as proxy:
        with socket.create_connection((proxy.host, proxy.port), timeout=5) as client:
            client.sendall(b"ping")
            assert client.recv(100) == b"ping"
            proxy.mode = "refuse"
            assert client.recv(100) == b""
        with pytest.raises(ConnectionRefusedError):
            ask(proxy)
        proxy.mode = "pass"
        assert ask(proxy) == b"ping"


def test_blackhole_accepts_and_never_answers(echo):
    with FaultyProxy(*echo) as proxy:
        proxy.mode = "blackhole"
        with pytest.raises(TimeoutError):
            ask(proxy, timeout=0.3)
        assert proxy.accepted == 1


def test_an_unknown_mode_is_refused(echo):
    with FaultyProxy(*echo) as proxy, pytest.raises(ValueError, match="blackhole"):
        proxy.mode = "slow"
