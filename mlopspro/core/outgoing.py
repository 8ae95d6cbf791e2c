"""Posting to addresses that people typed: to the address that was checked, once, and never for long.

A name is resolved once, every address it stands for is checked (``outgoing_targets``), and the connection is made to
one of those: a name server that changes its answer meanwhile changes nothing. TLS asks for the certificate of the
name. Redirects are not followed and proxies of the environment are not used, as both would choose another target.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from mlopspro.core.outgoing_targets import Allowed, Resolve, Target, TargetRefused, addresses_of, target_of

__all__ = ["Answer", "PostFailed", "TargetRefused", "allowed", "checked", "post"]
STEP_SECONDS = 5.0
"""Longest wait to connect, and for each piece of an answer."""
WHOLE_SECONDS = 10.0
"""Longest post from resolved name to last byte."""
LONGEST_ANSWER = 64 * 1024
REDIRECTS = range(300, 400)


class PostFailed(Exception):
    """It did not arrive, or there was no answer in time. The message names no secret part of the address."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    """At most LONGEST_ANSWER bytes; the rest is not read."""

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300


def allowed() -> Allowed:
    """What the operator of this installation allows beyond public addresses over https."""
    return Allowed(http=settings.ALLOW_HTTP_TARGETS, targets=tuple(settings.ALLOWED_TARGETS))


def checked(url: str) -> Target:
    """What is to be said against an address before anything is posted there. Raises TargetRefused."""
    return target_of(url, allowed())


def post(url: str, body: bytes, headers: Mapping[str, str], *, resolve: Resolve | None = None) -> Answer:
    """One POST. Raises TargetRefused where nothing may be posted there, PostFailed where it did not work.

    Args:
        headers: beside Host, Content-Length, Connection and User-Agent.
        resolve: in place of the system's resolver.
    """
    target = target_of(url, allowed())
    end = time.monotonic() + WHOLE_SECONDS
    try:
        addresses = addresses_of(target, allowed(), resolve)
        with _Connection(target, addresses, end) as connection:
            connection.request("POST", target.path, body, {**headers, "Host": target.authority, **_OURS})
            response = connection.getresponse()
            return Answer(response.status, _beginning(response))
    except TimeoutError:
        raise PostFailed(f"{target.host} did not answer in time.") from None
    except ssl.SSLCertVerificationError as error:
        raise PostFailed(f"The certificate of {target.host} is not valid: {error.verify_message}.") from None
    except (socket.gaierror, UnicodeError):
        raise PostFailed(f"The name {target.host} cannot be resolved.") from None
    except ConnectionRefusedError:
        raise PostFailed(f"{target.host} refuses connections to port {target.port}.") from None
    except (OSError, http.client.HTTPException) as error:
        raise PostFailed(f"{target.host} could not be reached, or broke off ({type(error).__name__}).") from None


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """The first bytes of the answer; none where it breaks off or is slow, since the status says what counts."""
    try:
        return response.read(LONGEST_ANSWER)
    except (OSError, http.client.HTTPException):
        return b""


_OURS = {"User-Agent": "ML-Ops-Pro", "Connection": "close"}


class _Connection(http.client.HTTPConnection):
    """To one of the checked addresses, whatever the name stands for by now."""

    def __init__(self, target: Target, addresses: list[str], end: float) -> None:
        super().__init__(target.host, target.port)
        self._target, self._addresses, self._end = target, addresses, end
        self._plain: socket.socket | None = None

    def __enter__(self) -> _Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        if self._plain is not None:
            self._plain.close()

    def connect(self) -> None:
        plain = self._plain = self._reached()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._target.secure:
            # It takes the place of the plain one, also when the handshake fails.
            plain = self._plain = ssl.create_default_context().wrap_socket(plain, server_hostname=self._target.host)
        self.sock = _Hurried(plain, self._end)

    def _reached(self) -> socket.socket:
        problem: OSError | None = None
        for address in self._addresses[:2]:
            try:
                return socket.create_connection((address, self._target.port), timeout=_patience(self._end))
            except OSError as error:
                problem = error
        raise problem or OSError("there is no address")


class _Hurried:
    """A socket whose every step has a time-out that shrinks with what is left of the whole.

    A server that sends a byte every four seconds keeps every single time-out and would hold a worker for ever.
    """

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock, self._end = sock, end

    def sendall(self, content: Any) -> None:
        self._sock.settimeout(_patience(self._end))
        self._sock.sendall(content)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Pieces(self._sock, self._end))

    def close(self) -> None:
        """Not yet: http.client closes when the head of the answer is read, and its body is still to come."""


class _Pieces(io.RawIOBase):
    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock, self._end = sock, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_patience(self._end))
        return self._sock.recv_into(buffer)


def _patience(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("The whole took too long.")
    return min(STEP_SECONDS, left)
