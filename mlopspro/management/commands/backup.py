"""``manage.py backup``: everything that must be kept, in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopspro import backups


class Command(BaseCommand):
    help = "Write the database and all files of datasets and runs to a new folder."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", type=Path, help="folder of the backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backups.make(options["folder"])
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"written to {options['folder']}")
