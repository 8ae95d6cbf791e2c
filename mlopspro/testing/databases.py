"""Databases of a test session: migrated once, then copied. Migrating takes many seconds, a copy does not.

Each pytest-xdist worker has a PostgreSQL of its own; the first that needs tables migrates, the others restore its dump.
Queries must not be blocked in any of these functions.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from mlopspro import embedded
from mlopspro.embedded.locks import file_lock
from mlopspro.embedded.postgres import program
from mlopspro.testing import environment

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "correct horse battery staple"  # noqa: S105  a test's own
MIGRATED, WITH_ADMIN = "template_migrated", "template_with_admin"


def migrated() -> str:
    """Name of a database with tables and nothing of anybody's; a template for ``create``."""
    return _template(MIGRATED, "template1", _migrate)


def with_admin() -> str:
    """Name of a template with tables and the first administrator, as ``manage.py up`` finds it."""
    return _template(WITH_ADMIN, migrated(), _make_first_admin)


def create(name: str, template: str) -> None:
    """Make a database as a copy of another, to which nobody may be connected; one of that name is replaced."""
    with psycopg.connect(embedded.database_url(), autocommit=True) as connection:
        names = sql.Identifier(name), sql.Identifier(template)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))


@contextmanager
def as_default(name: str) -> Iterator[None]:
    """Let Django's ORM in this process read and write that database."""
    from django.db import connections

    connection = connections["default"]
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _template(name: str, copied_from: str, fill: Callable[[str], None]) -> str:
    with psycopg.connect(embedded.database_url(), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return name
    unfinished = f"{name}_new"
    create(unfinished, copied_from)
    fill(unfinished)
    with psycopg.connect(embedded.database_url(), autocommit=True) as connection:
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


def _migrate(name: str) -> None:
    from django.core.management import call_command

    dump = environment.session_dir() / "migrated.dump"
    with file_lock(dump.with_suffix(".lock")):
        if not dump.exists():
            with as_default(name):
                call_command("migrate", interactive=False, verbosity=0)
            _run("pg_dump", name, "--format=custom", "--no-owner", "--file", str(dump))
            return
    _run("pg_restore", name, "--no-owner", "--exit-on-error", "--single-transaction", "--dbname", name, str(dump))


def _make_first_admin(name: str) -> None:
    from django.conf import global_settings
    from django.test import override_settings

    from mlopspro.accounts.services.bootstrap import ensure_first_admin

    # The suite's quick password hash is unknown to the processes of a stack.
    with as_default(name), override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        ensure_first_admin(ADMIN_EMAIL, ADMIN_PASSWORD)


def _run(tool: str, database: str, *arguments: str) -> None:
    """One of PostgreSQL's programs. Raises RuntimeError with what it said."""
    server = urlsplit(embedded.database_url())
    variables = {
        "PGHOST": server.hostname, "PGPORT": str(server.port), "PGUSER": server.username,
        "PGPASSWORD": server.password, "PGDATABASE": database,
    }  # fmt: skip
    environ = {**os.environ, **{key: str(value) for key, value in variables.items()}}
    result = subprocess.run([str(program(tool)), *arguments], env=environ, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{tool} failed: {result.stderr.strip()}")


def url_of(database: str) -> str:
    """URL of a database in the session's PostgreSQL."""
    return urlunsplit(urlsplit(embedded.database_url())._replace(path=f"/{database}"))
