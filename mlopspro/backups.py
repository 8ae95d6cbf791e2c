"""Backups: the database and the data root, in one folder, by PostgreSQL's own tools."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection

from mlopspro.embedded.postgres import program

DUMP, DATA = "database.dump", "data.tar"


class BackupError(RuntimeError):
    """A backup or restore was refused or failed; nothing that was there is changed by a refusal."""


def make(folder: Path) -> None:
    """Write database and data root to ``folder``, which must be new or empty. Raises BackupError.

    The database first: files are written before the rows that name them, so the later copy of the files holds all of
    them. Everything goes on meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty; give a new folder")
    folder.chmod(0o700)  # it holds everything
    _run("pg_dump", ["--format=custom", "--no-owner", "--file", str(folder / DUMP)])
    with tarfile.open(folder / DATA, "w") as archive:
        if settings.DATA_ROOT.is_dir():
            archive.add(settings.DATA_ROOT, arcname=".")


def restore(folder: Path) -> None:
    """Read database and data root from ``folder`` into an installation that has neither. Raises BackupError."""
    for name in (DUMP, DATA):
        if not (folder / name).is_file():
            raise BackupError(f"{folder / name} is missing; give a folder that manage.py backup has made")
    if connection.introspection.table_names():
        raise BackupError(f"the database {connection.settings_dict['NAME']} is not empty; restore into an empty one")
    if settings.DATA_ROOT.is_dir() and any(settings.DATA_ROOT.iterdir()):
        raise BackupError(f"the data root {settings.DATA_ROOT} is not empty; move it away first")
    connection.close()
    _run(
        "pg_restore", ["--no-owner", "--exit-on-error", "--single-transaction", "--dbname", _name(), str(folder / DUMP)]
    )
    settings.DATA_ROOT.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / DATA) as archive:
        archive.extractall(settings.DATA_ROOT, filter="data")


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run(tool: str, arguments: Sequence[str]) -> None:
    database = connection.settings_dict
    environment = {
        **os.environ,
        "PGHOST": str(database["HOST"]),
        "PGPORT": str(database["PORT"] or 5432),
        "PGUSER": str(database["USER"]),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": _name(),
    }
    result = subprocess.run(
        [str(program(tool)), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise BackupError(f"{tool} failed: {result.stderr.strip()}")
