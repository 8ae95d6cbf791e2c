"""``manage.py restore``: an installation as a backup kept it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopspro import backups


class Command(BaseCommand):
    help = "Read a folder that backup has made into an empty installation (before migrate)."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", type=Path, help="folder of the backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backups.restore(options["folder"])
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"restored from {options['folder']}")
