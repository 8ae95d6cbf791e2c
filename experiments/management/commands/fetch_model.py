"""Copy the files of a version, by default the one in production, to a folder, each checked by its SHA-256."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.selectors.registry import NotFound, resolve
from experiments.services import version_files
from experiments.services.actors import workspace_of
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Fetch a model: what is in production, or the version an address such as models:/name/1.2.0 means."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="name, models:/name@champion, models:/name/1.2.0 …")
        parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="Folder; made where it is missing")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        try:
            version = resolve(workspace, options["model"])
            written = version_files.fetch(version, options["to"])
        except NotFound as error:
            raise CommandError(str(error)) from error
        except Refused as error:
            raise CommandError("\n".join(item.message for item in error.problems)) from error
        except OSError as error:
            raise CommandError(f"--to {options['to']}: {error.strerror}") from error
        for path in written:
            self.stdout.write(str(path))
        self.stdout.write(
            f"{version.model} {version.number}, in {version.stage}: {len(written)} files, all as registered"
        )
