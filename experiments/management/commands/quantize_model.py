"""Make a version smaller for serving, or take it back to its exact file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.recommenders.scorers.compact import PRECISIONS
from experiments.models.job import JobStateError
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services import quantizing
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused

EXACT = "exact"


class Command(BaseCommand):
    help = "Keep a version's large matrix in half precision or eight bits, and say what that changes in its lists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
        parser.add_argument("version", metavar="NUMBER", help="A version that answers nobody now")
        parser.add_argument("--precision", default="half", choices=(*PRECISIONS, EXACT))
        parser.add_argument(
            "--least", type=float, default=quantizing.LEAST_OVERLAP, help="Share of the ten best that has to stay"
        )
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        try:
            version = numbered(named(workspace, options["model"]), options["version"])
            actor = actor_of(options["actor"])
            if options["precision"] == EXACT:
                had = quantizing.restore_exact(version, actor=actor)
                self.stdout.write(f"{version} {'is exact again' if had else 'was exact already'}")
                return
            made = quantizing.quantize(version, options["precision"], actor=actor, least=options["least"])
        except Refused as error:
            raise CommandError("\n".join(f"{one.field}: {one.message}" for one in error.problems)) from error
        except (NotFound, JobStateError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{version}: {made.compact_bytes:,} bytes in place of {made.exact_bytes:,}. Of {made.users:,} users "
            f"{made.overlap:.2%} of the ten best items are the same, {made.same_lists:.1%} have the very same list."
        )
