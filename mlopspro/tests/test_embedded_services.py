"""The embedded PostgreSQL and Redis: started once, stopped by the last user, whole after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from mlopspro import embedded
from mlopspro.embedded import lifecycle, processes

pytestmark = pytest.mark.services

USE = """
import sys
from mlopspro import embedded
print(*embedded.ensure_running("postgres", "redis"), flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def var(monkeypatch):
    """A var folder of its own, in which nothing runs afterwards."""
    with tempfile.TemporaryDirectory(prefix="mlopspro-services-") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setenv("MLOPSPRO_VAR", folder)
        monkeypatch.setenv("MLOPSPRO_REDIS_DB", "0")
        monkeypatch.setattr(lifecycle, "_held_by", None)
        yield Path(folder)
        embedded.stop()


def start_user() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", USE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def leave(user: subprocess.Popen[str]) -> None:
    user.communicate("\n", timeout=60)


def running() -> set[str]:
    return {name for name in ("postgres", "redis") if embedded.service(name).find() is not None}


def test_two_users_at_once_start_each_service_once_and_the_last_to_leave_stops_them(var):
    users = [start_user(), start_user()]
    started = [user.stdout.readline().split() for user in users]
    assert sorted(map(len, started)) == [0, 2]
    assert embedded.holders() == sorted(user.pid for user in users)
    leave(users[0])
    assert running() == {"postgres", "redis"}
    leave(users[1])
    assert running() == set()


def test_a_killed_user_no_longer_counts(var):
    killed, other = start_user(), start_user()
    for user in (killed, other):
        user.stdout.readline()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    leave(other)
    assert running() == set()


def test_postgres_is_durable_private_and_open_to_its_owner_only(var):
    embedded.ensure_running("postgres")
    with psycopg.connect(embedded.database_url()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    for wrong in (":x@", "@"):
        url = f"postgresql://mlopspro{wrong}{embedded.database_url().split('@')[1]}"
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url, passfile=os.devnull)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(embedded.database_url(), dbname="mlflow")


def test_committed_rows_survive_a_kill_of_postgres(var):
    embedded.ensure_running("postgres")
    with psycopg.connect(embedded.database_url()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    record = embedded.service("postgres").find()
    record.process().kill()
    assert processes.wait_until(lambda: not record.is_alive(), 10)
    assert embedded.ensure_running("postgres") == ["postgres"]
    with psycopg.connect(embedded.database_url()) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_postgres_starts_although_its_pid_file_names_another_living_process(var):
    embedded.ensure_running("postgres")
    embedded.stop("postgres")
    (embedded.service("postgres").data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert embedded.ensure_running("postgres") == ["postgres"]


def test_a_postgres_whose_record_was_lost_is_found_by_its_own_pid_file(var):
    embedded.ensure_running("postgres")
    pid = embedded.service("postgres").find().pid
    processes.forget("postgres")
    assert embedded.ensure_running("postgres") == []
    assert embedded.service("postgres").find().pid == pid


def test_messages_survive_a_kill_of_redis_and_a_password_is_asked(var):
    embedded.ensure_running("redis")
    with redis.Redis.from_url(embedded.redis_url()) as client:
        client.lpush("queue", *range(200))
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        port = client.connection_pool.connection_kwargs["port"]
    record = embedded.service("redis").find()
    record.process().kill()
    assert processes.wait_until(lambda: not record.is_alive(), 10)
    embedded.ensure_running("redis")
    with redis.Redis.from_url(embedded.redis_url()) as client:
        assert client.llen("queue") == 200
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=port).ping()
    assert stat.S_IMODE((var / "redis" / "redis.conf").stat().st_mode) == 0o600


def test_a_service_that_cannot_start_says_why_with_the_end_of_its_log(var):
    embedded.ensure_running("redis")
    embedded.stop("redis")
    (var / "redis" / "appendonly.aof").write_text("this is no append-only file\n")
    with pytest.raises(embedded.ServiceError, match="Bad file format"):
        embedded.ensure_running("redis")


def test_passwords_are_in_no_command_line(var):
    embedded.ensure_running("postgres", "redis")
    secrets = [path.read_text() for path in (var / "secrets").iterdir()]
    for name in ("postgres", "redis"):
        command_line = " ".join(embedded.service(name).find().process().cmdline())
        assert not any(secret in command_line for secret in secrets)
