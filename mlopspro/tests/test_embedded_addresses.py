"""Addresses and secrets of the embedded services: the same every time, private, replaced by the environment."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys

import pytest

from mlopspro import embedded
from mlopspro.embedded import addresses, lifecycle
from mlopspro.embedded.secrets import secret


@pytest.fixture
def var(tmp_path, monkeypatch):
    folder = tmp_path / "var"
    monkeypatch.setenv("MLOPSPRO_VAR", str(folder))
    monkeypatch.delenv("MLOPSPRO_REDIS_DB", raising=False)
    monkeypatch.setattr(lifecycle, "_held_by", None)
    return folder


def test_var_folder_is_beside_the_code_unless_given(monkeypatch):
    monkeypatch.delenv("MLOPSPRO_VAR")
    assert embedded.var_dir().name == "var"
    assert (embedded.var_dir().parent / "manage.py").is_file()


def test_addresses_stay_the_same_in_every_process(var):
    here = [embedded.database_url(), embedded.redis_url(), embedded.mlflow_uri(), embedded.secret_key()]
    script = (
        "from mlopspro import embedded as e; print(e.database_url(), e.redis_url(), e.mlflow_uri(), e.secret_key())"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert there == here


def test_asking_starts_nothing(var):
    embedded.database_url()
    embedded.redis_url()
    embedded.mlflow_uri()
    assert list((var / "run").glob("*.json")) == []


def test_each_service_has_a_port_of_its_own_below_the_range_of_outgoing_connections(var):
    ports = {addresses.port(name) for name in ("postgres", "redis", "mlflow")}
    assert len(ports) == 3
    assert all(1024 < port < 32_768 for port in ports)
    assert set(json.loads((var / "ports.json").read_text()).values()) == ports


def test_secrets_differ_and_only_their_owner_may_read_them(var):
    assert len({secret("a"), secret("b"), embedded.secret_key()}) == 3
    assert len(embedded.secret_key()) >= 43, "32 random bytes in base64"
    assert stat.S_IMODE((var / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (var / "secrets").iterdir()} == {0o600}


def test_a_port_that_another_program_took_is_replaced(var):
    before = addresses.port("redis")
    with socket.create_server(("127.0.0.1", before)):
        embedded.settle_ports("redis")
    assert addresses.port("redis") != before


def test_a_free_port_is_kept(var):
    before = addresses.port("redis")
    embedded.settle_ports("redis")
    assert addresses.port("redis") == before


def test_a_server_given_in_the_environment_is_not_embedded(var, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db.example.com/x")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example.com/0")
    assert embedded.is_given("postgres")
    assert embedded.ensure_running("postgres", "redis") == []
    assert not (var / "postgres").exists()


def test_an_empty_variable_gives_nothing(var, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", " ")
    assert not embedded.is_given("postgres")


def test_a_folder_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLOPSPRO_VAR", str(tmp_path / "file" / "var"))
    with pytest.raises(RuntimeError, match="MLOPSPRO_VAR"):
        embedded.database_url()


def test_an_unknown_service_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="postgres, redis, mlflow"):
        embedded.service("mysql")


def test_ports_stay_while_somebody_uses_the_services(var):
    before = addresses.port("redis")
    embedded.hold()
    try:
        with socket.create_server(("127.0.0.1", before)):
            embedded.settle_ports("redis")
    finally:
        embedded.release()
    assert addresses.port("redis") == before
