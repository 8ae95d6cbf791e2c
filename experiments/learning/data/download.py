"""Fetches MovieLens files from GroupLens for somebody who has agreed to their terms."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.terms import MOVIELENS_1M, MOVIELENS_100K, MOVIELENS_LATEST

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"
CONNECT_TIMEOUT_S = 20.0
TOTAL_TIMEOUT_S = 600.0
MAX_MD5_BYTES = 4096
_BLOCK = 2**18


@dataclass(frozen=True)
class Source:
    """One downloadable file. ``md5`` None: GroupLens publishes it in a file of its own, beside the zip."""

    key: str
    label: str
    file: str
    format: str
    md5: str | None
    max_bytes: int
    terms: str


SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            "movielens-100k",
            "MovieLens 100k (5 MB)",
            "ml-100k.zip",
            "movielens-100k",
            "0e33842e24a9c977be4e0107933c0723",
            20 * 2**20,
            MOVIELENS_100K,
        ),
        Source(
            "movielens-1m",
            "MovieLens 1M (6 MB)",
            "ml-1m.zip",
            "movielens-1m",
            "c4d9eecfca2ab87c1945afe126590906",
            50 * 2**20,
            MOVIELENS_1M,
        ),
        Source(
            "movielens-latest-small",
            "MovieLens latest-small (1 MB)",
            "ml-latest-small.zip",
            "movielens-latest",
            None,
            20 * 2**20,
            MOVIELENS_LATEST,
        ),
    )
}

Progress = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes announced, if any."""


def source_of(name: str) -> Source:
    """The source of this name ("latest-small" stands for "movielens-latest-small"); the error lists what exists."""
    for key in (name, f"movielens-{name}"):
        if key in SOURCES:
            return SOURCES[key]
    raise DatasetError("dataset", "is not one that can be downloaded", value=name, accepted=", ".join(SOURCES))


def download(
    name: str,
    folder: Path,
    *,
    accept_terms: bool,
    base_url: str = GROUPLENS,
    total_timeout_s: float = TOTAL_TIMEOUT_S,
    on_progress: Progress | None = None,
) -> Path:
    """Fetches the zip file into ``folder``, verifies its checksum, and only then gives it its name.

    Nothing is resumed and nothing is unpacked. A file that is there already is verified and kept.

    Raises:
        DatasetError: the terms were not accepted (they stand in ``SOURCES[name].terms``), the name is unknown, the
            server cannot be reached or is too slow, the file is too large, or its checksum is not the published one.
    """
    source = source_of(name)
    if not accept_terms:
        raise DatasetError(
            "terms",
            f"{source.label} may only be fetched by somebody who agrees to its terms",
            value="not accepted",
            accepted="reading and accepting the terms of use",
        )
    base_url = _checked(base_url)
    folder.mkdir(parents=True, exist_ok=True)
    target, partial = folder / source.file, folder / f".{source.file}.{os.getpid()}.part"
    deadline = time.monotonic() + total_timeout_s
    expected = source.md5 or _published_md5(base_url + source.file + ".md5", deadline)
    if target.exists() and _md5_of(target) == expected:
        return target
    try:
        found = _fetch(base_url + source.file, partial, source.max_bytes, deadline, on_progress)
        if found != expected:
            raise DatasetError(
                "checksum", f"{source.file} is not the published file", value=found, accepted=f"MD5 {expected}"
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise DatasetError("base_url", "is not a safe address", value=base_url, accepted="an https address")
    return base_url.rstrip("/") + "/"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # GroupLens serves these files directly; a redirect would lead somewhere nobody agreed to.
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


@contextmanager
def _open(url: str, deadline: float) -> Iterator[Any]:
    """An open response; every way of failing becomes a DatasetError that names the address."""
    try:
        remaining = min(CONNECT_TIMEOUT_S, deadline - time.monotonic())
        if remaining <= 0:
            raise TimeoutError
        request = urllib.request.Request(url, headers={"User-Agent": "mlopspro"})  # noqa: S310 - scheme checked above
        with _OPENER.open(request, timeout=remaining) as response:
            yield response
    except TimeoutError as error:
        raise DatasetError(
            "download", "took too long", value=url, accepted="a faster connection, or an upload"
        ) from error
    except urllib.error.HTTPError as error:
        problem = f"was refused by the server with status {error.code}"
        raise DatasetError("download", problem, value=url, accepted="the file at this address") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            reason = "no answer in time"
        accepted = "a connection to GroupLens, or the zip file uploaded from elsewhere"
        raise DatasetError("download", f"failed: {reason}", value=url, accepted=accepted) from error


def _fetch(url: str, target: Path, max_bytes: int, deadline: float, on_progress: Progress | None) -> str:
    """Writes the answer's body to ``target``, flushed to disk; gives its MD5."""
    digest, count = hashlib.md5(usedforsecurity=False), 0
    with _open(url, deadline) as response, target.open("wb") as stream:
        announced = int(response.headers.get("Content-Length") or 0) or None
        while True:
            if count > max_bytes or (announced or 0) > max_bytes:
                accepted = f"up to {max_bytes:,} bytes"
                raise DatasetError("download", "is larger than the file can be", value=url, accepted=accepted)
            if time.monotonic() > deadline:
                raise TimeoutError
            block = response.read1(_BLOCK)
            if not block:
                break
            stream.write(block)
            digest.update(block)
            count += len(block)
            if on_progress is not None:
                on_progress(count, announced)
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest()


def _published_md5(url: str, deadline: float) -> str:
    with _open(url, deadline) as response:
        text = response.read(MAX_MD5_BYTES).decode("ascii", "replace")
    found = re.search(r"\b[0-9a-f]{32}\b", text.lower())
    if found is None:
        raise DatasetError(
            "checksum", "the published checksum cannot be read", value=text, accepted="32 hexadecimal digits"
        )
    return found.group()


def _md5_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
