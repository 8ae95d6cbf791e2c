"""Make a completed run a version of a model: the same checks and result as from the page."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import Experiment
from experiments.selectors import registry as rows
from experiments.services import registry
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused
from mlopspro.accounts.models import Workspace


class Command(BaseCommand):
    help = "Register a completed training run as a version of a model, in development."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", metavar="RUN", help="Id of a completed run")
        parser.add_argument("--model", required=True, help="Name of the model; made where there is none of this name")
        parser.add_argument("--number", default="", help="Such as 1.2.0; left out, the next one by rule")
        parser.add_argument("--notes", default="")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        run = self._run(workspace, options["run"])
        try:
            version = registry.register(
                run,
                actor=actor_of(options["actor"]),
                model_name=options["model"],
                number=options["number"] or None,
                notes=options["notes"],
                through="command",
            )
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        uri = rows.model_uri(version.model)
        if options["json"]:
            found = {"model": str(version.model_id), "version": str(version.pk), "number": version.number, "uri": uri}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(f"Registered {run.name} as {version.model} {version.number}, in development")

    def _run(self, workspace: Workspace, text: str) -> Experiment:
        try:
            found = Experiment.objects.filter(workspace=workspace, pk=uuid.UUID(text)).first()
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"run: there is no run {text!r} in this workspace; accepted: the id of a run")
        return found
