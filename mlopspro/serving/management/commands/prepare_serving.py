"""Makes what answering needs ahead, so that a promotion of a large model reaches every process at once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.services import serving_files
from mlopspro.serving import named


class Command(BaseCommand):
    help = "Make serving.safetensors of a version: who is known, what they have seen, titles, popularity."

    def add_arguments(self, parser: CommandParser) -> None:
        named.add_options(parser)
        parser.add_argument("--again", action="store_true", help="Also where there is one, such as a damaged one")

    def handle(self, *args: Any, **options: Any) -> None:
        version = named.version_of(options)
        try:
            made = serving_files.prepare(version, again=options["again"])
        except serving_files.CannotPrepare as error:
            raise CommandError(str(error)) from error
        if made is None:
            self.stdout.write(f"{version} learns from a table and needs no such file")
            return
        self.stdout.write(f"{version}: {made.name}, {made.size_bytes:,} bytes, SHA-256 {made.sha256[:12]}…")
