"""Posts to addresses that people typed: attacks on where they go, and servers that do not behave."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from mlopspro.core import outgoing
from mlopspro.core.outgoing_targets import Allowed, TargetRefused, addresses_of, bad_entries, target_of
from mlopspro.testing.receiver import receiver

STRICT = Allowed()
HERE = {"ALLOW_HTTP_TARGETS": True, "ALLOWED_TARGETS": ["127.0.0.1"]}


def posted(url: str, **options):
    return outgoing.post(url, b"{}", {"Content-Type": "application/json"}, **options)


@contextlib.contextmanager
def listening():
    """A server of raw bytes; what ``answer`` returns for a connection is up to the test."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(5)
    try:
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        server.close()


# --- Where to ------------------------------------------------------------------------------------------------------
NOT_PUBLIC = [
    "127.0.0.1", "127.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::1",
    "fec0::1", "fe80::1%1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_to_what_is_not_public_is_refused(address):
    target = target_of("https://example.org/hook", STRICT)
    with pytest.raises(TargetRefused, match="not public"):
        addresses_of(target, STRICT, lambda *_: [address])


@pytest.mark.parametrize("address", [one for one in NOT_PUBLIC if "%" not in one])
def test_the_same_typed_as_an_address_is_refused_before_anything_is_resolved(address):
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(TargetRefused, match="not public"):
        target_of(f"https://{host}/hook", STRICT)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_accepted(address):
    target = target_of("https://example.org/hook", STRICT)
    assert addresses_of(target, STRICT, lambda *_: [address]) == [address]


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.0.0.1", "127.1", "localhost", "localhost."])
def test_other_ways_to_write_loopback_are_refused_by_what_the_system_resolves_them_to(host):
    with pytest.raises(TargetRefused, match="not public"):
        addresses_of(target_of(f"https://{host}/", STRICT), STRICT)


def test_one_address_that_is_not_public_among_others_is_enough():
    target = target_of("https://example.org/", STRICT)
    with pytest.raises(TargetRefused):
        addresses_of(target, STRICT, lambda *_: ["93.184.216.34", "10.0.0.1"])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/", "https://"), ("file:///etc/passwd", "https://"), ("gopher://example.org/", "https://"),
        ("//example.org/", "https://"), ("example.org", "https://"), ("https:///path", "https://"),
        ("https://user:word@example.org/", "name or password"), ("https://example.org@10.0.0.1/", "name or password"),
        ("https://@example.org/", "name or password"), ("https://example.org:22/", "Port 22"),
        ("https://example.org:99999/", "no address"), ("https://exa mple.org/", "blank"),
        ("https://example.org/\r\nX-Evil: 1", "blank"), ("https://example.org\\@10.0.0.1/", "backslash"),
        ("https://[::1/", "no address"), (f"https://example.org/{'a' * 2000}", "2,0"),
        ("https://ex\u200bample.org", "control"),
    ],
)  # fmt: skip
def test_addresses_whose_words_speak_against_them(url, why):
    with pytest.raises(TargetRefused, match=why):
        target_of(url, STRICT)


def test_what_the_operator_lists_is_accepted_and_nothing_beside_it():
    allowed = Allowed(targets=("hooks.internal", "10.20.0.0/16"))
    assert target_of("https://hooks.internal:9000/a?b=1", allowed).path == "/a?b=1"
    internal = target_of("https://hooks.internal/", allowed)
    assert addresses_of(internal, allowed, lambda *_: ["192.168.0.9"]) == ["192.168.0.9"]
    other = target_of("https://example.org/", allowed)
    assert addresses_of(other, allowed, lambda *_: ["10.20.3.4"]) == ["10.20.3.4"]
    with pytest.raises(TargetRefused):
        addresses_of(other, allowed, lambda *_: ["10.21.3.4"])
    with pytest.raises(TargetRefused, match="https://"):
        target_of("http://hooks.internal/", allowed)
    with pytest.raises(TargetRefused, match="Port"):
        target_of("https://evil.hooks.internal:9000/", allowed)


def test_entries_that_are_neither_host_nor_network_are_found():
    assert bad_entries(["a.example", "10.0.0.0/8", "::1", "2001:db8::/32"]) == []
    assert bad_entries(["10.0.0.0/99", "https://a.example", "a.example:80", ""]) == [
        "10.0.0.0/99", "https://a.example", "a.example:80", "",
    ]  # fmt: skip


def test_a_resolver_that_does_not_answer_costs_its_time_and_no_more(monkeypatch):
    monkeypatch.setattr("mlopspro.core.outgoing_targets.RESOLVE_SECONDS", 0.1)
    silent = threading.Event()
    with pytest.raises(outgoing.PostFailed, match="in time"):
        posted("https://example.org/", resolve=lambda *_: [str(silent.wait(30))])
    silent.set()


# --- What arrives ------------------------------------------------------------------------------------------------
@override_settings(**HERE)
def test_a_post_arrives_once_with_its_headers():
    with receiver() as server:
        answer = posted(f"{server.url}/é?q=ü%20")
    (got,) = server.received
    assert (answer.status, answer.body, answer.arrived) == (200, b"ok", True)
    assert (got.path, got.body) == ("/hook/%C3%A9?q=%C3%BC%20", b"{}")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["host"] == f"127.0.0.1:{server.port}"


@override_settings(**{**HERE, "ALLOWED_TARGETS": ["rebound.test"]})
def test_the_connection_goes_to_the_address_that_was_checked_though_the_name_has_another_by_now():
    answers = [["127.0.0.1"], ["203.0.113.9"]]
    with receiver() as server:
        url = f"http://rebound.test:{server.port}/hook"
        assert posted(url, resolve=lambda *_: answers.pop(0)).status == 200
    assert len(answers) == 1, "the name was resolved more than once"
    assert server.received[0].headers["host"] == f"rebound.test:{server.port}"


@override_settings(**HERE)
def test_a_redirect_is_an_answer_and_is_not_followed():
    with receiver() as inner, receiver() as server:

        def redirect(handler):
            handler.send_response(302)
            handler.send_header("Location", inner.url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        server.reply = redirect
        answer = posted(server.url)
    assert (answer.status, answer.arrived, inner.received) == (302, False, [])


@override_settings(**HERE)
def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with receiver() as proxy, receiver() as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert posted(server.url).arrived
    assert (len(server.received), proxy.received) == (1, [])


@override_settings(**HERE)
def test_a_huge_answer_is_read_up_to_64_kb():
    with receiver() as server:
        server.body = b"x" * 5_000_000
        assert len(posted(server.url).body) == 64 * 1024


@override_settings(**HERE)
def test_a_body_that_drips_is_left_after_the_whole_time_and_the_status_counts(monkeypatch):
    monkeypatch.setattr(outgoing, "WHOLE_SECONDS", 0.4)
    with receiver() as server:

        def drip(handler):
            handler.send_response(200)
            handler.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(200):
                    handler.wfile.write(b"x")
                    time.sleep(0.05)

        server.reply = drip
        assert posted(server.url).status == 200


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "])
@override_settings(**HERE)
def test_a_server_that_never_finishes_its_head_is_left(monkeypatch, sent):
    monkeypatch.setattr(outgoing, "WHOLE_SECONDS", 0.3)
    with listening() as (server, url):
        held = []

        def serve():
            connection, _ = server.accept()
            held.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                while connection.recv(65536):
                    connection.sendall(b"a" if sent else b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(outgoing.PostFailed, match="in time"):
            posted(url)
        thread.join(5)
        for one in held:
            one.close()


@pytest.mark.parametrize("sent", [b"no http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500, b"\x00" * 99])
@override_settings(**HERE)
def test_what_is_no_answer_is_said_so(sent):
    with listening() as (server, url):

        def serve():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                connection.sendall(sent)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(outgoing.PostFailed):
            posted(url)
        thread.join(5)


@override_settings(**HERE)
def test_nobody_there_is_said_without_the_secret_part_of_the_address():
    with listening() as (_, url):
        pass
    with pytest.raises(outgoing.PostFailed, match="refuses connections") as found:
        posted(f"{url}services/SECRET")
    assert "SECRET" not in str(found.value)


# --- TLS -----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of secure.test, signed by itself: file and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secure.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("secure.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture
def secured(certificate):
    with receiver(certificate=(certificate / "cert.pem", certificate / "key.pem")) as server:
        yield server


@override_settings(ALLOWED_TARGETS=["secure.test", "other.test"])
def test_tls_asks_for_the_certificate_of_the_name_at_the_checked_address(secured, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    to = {"resolve": lambda *_: ["127.0.0.1"]}
    assert posted(f"https://secure.test:{secured.port}/hook", **to).arrived
    with pytest.raises(outgoing.PostFailed, match=r"certificate of other\.test"):
        posted(f"https://other.test:{secured.port}/hook", **to)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(outgoing.PostFailed, match=r"certificate of secure\.test"):
        posted(f"https://secure.test:{secured.port}/hook", **to)
    assert len(secured.received) == 1
