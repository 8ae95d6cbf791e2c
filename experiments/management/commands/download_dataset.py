"""Download a public dataset and import it. Needs a network and consent to the data's terms."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.data import download
from experiments.learning.data.errors import DatasetError


class Command(BaseCommand):
    help = "Download MovieLens and import it, once you accept its terms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=[*download.SOURCES])
        parser.add_argument(
            "--accept-terms", action="store_true", help="Do not ask: I have read the terms and accept them"
        )
        parser.add_argument(
            "--keep", type=Path, help="Folder to keep the file in; default: only the imported dataset is kept"
        )
        parser.add_argument("--workspace", default="")
        parser.add_argument("--as", dest="actor", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        source = download.SOURCES[options["name"]]
        self.stdout.write(f"{source.label}\n\n{source.terms}\n")
        if not options["accept_terms"] and input("Type yes to accept these terms: ").strip().lower() != "yes":
            raise CommandError("The terms were not accepted, so nothing was downloaded.")
        with tempfile.TemporaryDirectory() as temporary:
            folder = options["keep"] or Path(temporary)
            try:
                path = download.download(options["name"], folder, accept_terms=True)
            except DatasetError as error:
                raise CommandError(str(error)) from error
            call_command(
                "import_dataset",
                str(path),
                name=source.label,
                workspace=options["workspace"],
                actor=options["actor"],
                stdout=self.stdout,
            )
