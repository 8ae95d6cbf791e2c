"""Put the previous version of a model back into production."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models.job import JobStateError
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services import promotion
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Roll a model back to the version that was in production before, or to a named former one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
        parser.add_argument("--to", default="", metavar="NUMBER", help="A version that was in production before")
        parser.add_argument("--reason", default="", help="Kept with the rollback")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        try:
            model = named(workspace, options["model"])
            change = promotion.rollback(
                model,
                actor=actor_of(options["actor"]),
                reason=options["reason"],
                to_version=numbered(model, options["to"]) if options["to"] else None,
                through="command",
            )
        except Refused as error:
            raise CommandError("\n".join(item.message for item in error.problems)) from error
        except (NotFound, JobStateError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{model} {change.version.number} is back in production")
