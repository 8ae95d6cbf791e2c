"""The drill: back up, lose everything, restore; rows and files are the same."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from mlopspro.accounts.models import User

pytestmark = pytest.mark.services


@pytest.fixture
def installation(make_live_stack):
    """An installation with a row and a file, in a database of its own, without any process."""
    stack = make_live_stack("drill", names=())
    with stack.as_default_database():
        settings.DATA_ROOT.mkdir(parents=True, exist_ok=True)
        yield stack


@pytest.fixture
def data_root(tmp_path, settings):
    settings.DATA_ROOT = tmp_path / "data"
    (settings.DATA_ROOT / "datasets").mkdir(parents=True)
    (settings.DATA_ROOT / "datasets" / "one.parquet").write_bytes(bytes(range(256)))
    return settings.DATA_ROOT


def empty_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


def test_what_was_lost_comes_back(data_root, installation, tmp_path):
    before = list(User.objects.values_list("pk", "email", "password"))
    assert before
    call_command("backup", tmp_path / "monday")
    empty_database()
    (data_root / "datasets" / "one.parquet").unlink()
    (data_root / "datasets").rmdir()
    call_command("restore", tmp_path / "monday")
    assert list(User.objects.values_list("pk", "email", "password")) == before
    assert (data_root / "datasets" / "one.parquet").read_bytes() == bytes(range(256))


def test_a_restore_never_overwrites(data_root, installation, tmp_path):
    call_command("backup", tmp_path / "monday")
    with pytest.raises(CommandError, match="is not empty"):
        call_command("restore", tmp_path / "monday")
    with pytest.raises(CommandError, match="is not empty"):
        call_command("backup", tmp_path / "monday")
    assert User.objects.exists()


def test_a_folder_that_is_no_backup_is_named(data_root, installation, tmp_path):
    with pytest.raises(CommandError, match=r"database\.dump is missing"):
        call_command("restore", tmp_path)
