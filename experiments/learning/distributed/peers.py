"""The processes that train along with this one: started in its process group, ended with the fit."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from experiments.learning.distributed.errors import PeerLost

_ROOT = Path(__file__).resolve().parents[3]
_DYING_SECONDS = 5.0
"""How long a process whose connection broke may take to be found ended."""


class Peer:
    """Process ``number`` of a fit, counted from 1 for the chief. Its group is the chief's, so one kill takes all."""

    def __init__(self, folder: Path, number: int, connection: socket.socket | None) -> None:
        self.number = number
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the process
        descriptors = [] if connection is None else [connection.fileno()]
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "experiments.learning.distributed.peer",
                str(folder),
                str(number - 1),
                *map(str, descriptors),
            ],
            stdin=subprocess.PIPE,
            stdout=self._words,
            stderr=self._words,
            cwd=_ROOT,
            pass_fds=descriptors,
        )

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._words.close()

    def last_words(self) -> str:
        self._words.seek(0)
        return self._words.read()[-2000:].decode(errors="replace").strip()


@contextlib.contextmanager
def started(folder: Path, size: int, *, sockets: bool) -> Iterator[tuple[list[Peer], list[socket.socket]]]:
    """Peers 2 to ``size`` and, with ``sockets``, a connection to each; all of them ended afterwards."""
    peers: list[Peer] = []
    connections: list[socket.socket] = []
    try:
        for number in range(2, size + 1):
            theirs = None
            if sockets:
                ours, theirs = socket.socketpair()
                connections.append(ours)
            try:
                peers.append(Peer(folder, number, theirs))
            finally:
                if theirs is not None:
                    theirs.close()
        yield peers, connections
    finally:
        for peer in peers:
            peer.end()
        for connection in connections:
            connection.close()


def lost_of(peers: list[Peer], size: int, *, patience: float = _DYING_SECONDS) -> PeerLost | None:
    """What became of the first peer that has ended; None where all of them go on."""
    deadline = time.monotonic() + patience
    while True:
        for peer in peers:
            code = peer.process.poll()
            if code is not None:
                words = peer.last_words()
                after = f": {words}" if words else ""
                return PeerLost(f"training process {peer.number} of {size} {_ending(code)}{after}")
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)


def _ending(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
