"""Lists for every known user, into a Parquet file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlopspro.serving import named
from mlopspro.serving.answers import DEFAULT_N
from mlopspro.serving.batches import write_lists

MOST_N = 1_000


class Command(BaseCommand):
    help = "Score every user that a recommender knows: columns user, rank, item, score, version. Logs no predictions."

    def add_arguments(self, parser: CommandParser) -> None:
        named.add_options(parser)
        parser.add_argument("--out", required=True, metavar="FILE.parquet")
        parser.add_argument("--n", type=int, default=DEFAULT_N, help=f"Items a user, 1 to {MOST_N:,} ({DEFAULT_N})")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["n"] <= MOST_N:
            raise CommandError(f"--n is {options['n']}; accepted: 1 to {MOST_N:,}")
        target = named.target_of(options["out"])
        version = named.loaded_version(options)
        if version.recommender is None:
            raise CommandError(f"{options['model']} is of the family {version.family}; use predict_all")
        users = write_lists(version, target, n=options["n"], progress=named.show_progress)
        self.stdout.write(f"{users:,} users, version {version.number}: {target}")
