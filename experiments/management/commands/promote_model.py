"""Promote a version of a model: the same rules as on its page, and what speaks against it said first."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import Stage
from experiments.models.job import JobStateError
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services import promotion
from experiments.services.actors import actor_of, workspace_of
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from mlopspro.accounts.permissions import NotAllowed


class Command(BaseCommand):
    help = "Promote a version to production (or staging). Exits with an error that names every blocker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
        parser.add_argument("number", metavar="NUMBER", help="Version, such as 1.2.0")
        parser.add_argument("--stage", choices=[Stage.PRODUCTION.value, Stage.STAGING.value], default=Stage.PRODUCTION)
        parser.add_argument("--check", action="store_true", help="Only say what speaks against it")
        parser.add_argument("--force", action="store_true", help="Overrule blockers that can be; needs --reason")
        parser.add_argument("--reason", default="", help="Kept with the promotion; at least 10 characters to force")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        try:
            version = numbered(named(workspace, options["model"]), options["number"])
            if options["check"]:
                self._check(version, options["stage"])
                return
            change = promotion.promote(
                version,
                actor=actor_of(options["actor"]),
                to_stage=options["stage"],
                reason=options["reason"],
                force=options["force"],
                through="command",
            )
        except PromotionRefused as error:
            raise CommandError(_listed(error.blockers)) from error
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        except (NotFound, JobStateError, NotAllowed) as error:
            raise CommandError(str(error)) from error
        count = len(change.blockers)
        forced = f", overruling {count} blocker{'s' if count > 1 else ''}" if change.forced else ""
        self.stdout.write(f"{version.model} {version.number} is now in {change.to_stage}{forced}")

    def _check(self, version: Any, stage: str) -> None:
        found = promotion.assess(version, stage)
        if found.gate is not None:
            self.stdout.write(found.gate.sentence)
        if found.blockers:
            raise CommandError(_listed(found.blockers))
        self.stdout.write("Nothing speaks against it")


def _listed(found: Any) -> str:
    lines = [f"{blocker.code}: {blocker.message}" for blocker in found]
    if all(blocker.can_force for blocker in found):
        lines.append("All of this can be overruled with --force --reason.")
    return "\n".join(lines)
