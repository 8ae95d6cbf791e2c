"""Downloads from a local server: consent first, checksum before a file gets its name, every failure in words."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from experiments.learning.data import download as module
from experiments.learning.data.download import SOURCES, download, source_of
from experiments.learning.data.errors import DatasetError

CONTENT = b"PK\x03\x04 not really a zip" * 1000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@contextmanager
def server(answers):
    """Serves ``answers`` {path: (status, headers, body or function(stream))}; gives (address, list of asked paths)."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, headers, body = answers.get(self.path, (404, {}, b"no"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if not callable(body) and "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # the client may hang up, as some tests want it to
                body(self.wfile) if callable(body) else self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/", asked
        finally:
            running.shutdown()
            thread.join()


def small(body=CONTENT, md5=MD5, headers=None, status=200):
    return {
        "/ml-latest-small.zip": (status, headers or {}, body),
        "/ml-latest-small.zip.md5": (200, {}, f"MD5 (ml-latest-small.zip) = {md5}\n".encode()),
    }


def test_nothing_is_asked_without_consent(tmp_path):
    with server(small()) as (address, asked), pytest.raises(DatasetError, match=r"terms.*agrees"):
        download("latest-small", tmp_path, accept_terms=False, base_url=address)
    assert asked == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_shows_its_terms(key):
    assert "University of Minnesota" in SOURCES[key].terms
    assert "commercial" in SOURCES[key].terms


def test_a_file_arrives_whole_and_is_not_fetched_twice(tmp_path):
    seen = []
    with server(small()) as (address, asked):
        path = download(
            "latest-small", tmp_path, accept_terms=True, base_url=address, on_progress=lambda *p: seen.append(p)
        )
        assert path.read_bytes() == CONTENT
        assert seen[-1] == (len(CONTENT), len(CONTENT))
        download("movielens-latest-small", tmp_path, accept_terms=True, base_url=address)
    assert asked.count("/ml-latest-small.zip") == 1
    assert [child.name for child in tmp_path.iterdir()] == ["ml-latest-small.zip"]


def test_a_pinned_checksum_is_not_taken_from_the_server(tmp_path):
    answers = {"/ml-100k.zip": (200, {}, CONTENT), "/ml-100k.zip.md5": (200, {}, MD5.encode())}
    with (
        server(answers) as (address, asked),
        pytest.raises(DatasetError, match=r"checksum.*0e33842e24a9c977be4e0107933c0723"),
    ):
        download("movielens-100k", tmp_path, accept_terms=True, base_url=address)
    assert asked == ["/ml-100k.zip"]
    assert list(tmp_path.iterdir()) == []


def drip(stream):
    for _ in range(200):
        stream.write(b"x" * 10)
        stream.flush()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (small(body=CONTENT[:-5]), "not the published file"),
        (small(body=CONTENT[:100], headers={"Content-Length": str(len(CONTENT))}), "download|published"),
        (small(status=503), "status 503"),
        (small(status=302, headers={"Location": "http://127.0.0.1:9/"}), "status 302"),
        (small(headers={"Content-Length": str(10**10)}), "larger than"),
        (small(body=lambda stream: [stream.write(b"x" * 2**20) for _ in range(25)]), "larger than"),
        (small(md5="nothing of the kind"), "published checksum cannot be read"),
        ({}, "status 404"),
    ],
    ids=["changed", "cut off", "busy", "redirect", "announced too large", "too large", "no checksum", "gone"],
)
def test_failures_leave_nothing_behind(tmp_path, answers, words):
    with server(answers) as (address, _), pytest.raises(DatasetError, match=words):
        download("latest-small", tmp_path, accept_terms=True, base_url=address)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_drips_runs_out_of_time(tmp_path):
    with server(small(body=drip)) as (address, _), pytest.raises(DatasetError, match="too long"):
        download("latest-small", tmp_path, accept_terms=True, base_url=address, total_timeout_s=0.5)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_runs_out_of_time(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CONNECT_TIMEOUT_S", 0.3)
    wait = threading.Event()
    with server(small(body=lambda _: wait.wait(5))) as (address, _):
        with pytest.raises(DatasetError, match="too long"):
            download("latest-small", tmp_path, accept_terms=True, base_url=address)
        wait.set()
    assert list(tmp_path.iterdir()) == []


def test_an_old_damaged_file_is_replaced(tmp_path):
    (tmp_path / "ml-latest-small.zip").write_bytes(b"old")
    with server(small()) as (address, _):
        assert download("latest-small", tmp_path, accept_terms=True, base_url=address).read_bytes() == CONTENT


def test_names_and_addresses_are_checked(tmp_path):
    assert source_of("100k").key == "movielens-100k"
    with pytest.raises(DatasetError, match=r"netflix.*movielens-100k"):
        download("netflix", tmp_path, accept_terms=True)
    with pytest.raises(DatasetError, match="https"):
        download("100k", tmp_path, accept_terms=True, base_url="http://example.org/")
    with pytest.raises(DatasetError, match="download: failed"):
        download("100k", tmp_path, accept_terms=True, base_url="http://127.0.0.1:9/")
