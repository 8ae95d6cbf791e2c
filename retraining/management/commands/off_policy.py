"""``manage.py off_policy``: what a version would have earned on lists that production showed."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from experiments.models import ModelVersion
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services.actors import workspace_of
from retraining.services import off_policy

SECONDS = 60.0


class Command(BaseCommand):
    help = "Estimate a version from logged lists whose propensities are known: a hint before a canary or a trial."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", metavar="VERSION", help="Id of a version, or its number with --model")
        parser.add_argument("--model", default="", metavar="MODEL", help="Name or id; needed for a number")
        parser.add_argument("--days", type=int, default=off_policy.DAYS, help=f"1 to {off_policy.MOST_DAYS} (14)")
        parser.add_argument("--json", action="store_true", help="The estimate as JSON")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= off_policy.MOST_DAYS:
            raise CommandError(f"--days is {options['days']}; accepted: 1 to {off_policy.MOST_DAYS}")
        version = self._version(options)
        try:
            found = off_policy.estimate(version, days=options["days"], seconds=SECONDS)
        except OperationalError as error:
            raise CommandError("The log did not answer in time; try again later, or with fewer days") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(found)))
            return
        self.stdout.write(found.sentence)
        if found.robust and found.robust["value"] is not None:
            self.stdout.write(f"Doubly robust: {found.robust['value']:.2%}")
        if found.lists:
            self.stdout.write(f"{found.lists:,} lists since {found.since}, {found.unused:,} of them not used")

    def _version(self, options: dict[str, Any]) -> ModelVersion:
        workspace = workspace_of(options["workspace"])
        rows = ModelVersion.objects.select_related("model", "experiment", "dataset")
        try:
            if options["model"]:
                return rows.get(pk=numbered(named(workspace, options["model"]), options["version"]).pk)
            found = rows.filter(model__workspace=workspace, pk=uuid.UUID(options["version"])).first()
        except NotFound as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(
                f"VERSION is {options['version']!r}; accepted: the id of a version, or its number with --model"
            ) from error
        if found is None:
            raise CommandError(f"there is no version {options['version']} in {workspace}")
        return found
