"""``manage.py check_retraining``: retrain or not, with the reasons, from a terminal or a script."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import RegisteredModel
from experiments.selectors.registry import NotFound, named
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused
from mlopspro.accounts.models import User
from retraining.models import Decision
from retraining.selectors.standing import overview
from retraining.services import decisions


class Command(BaseCommand):
    help = "Evaluate the retraining policy of a model, or of all that are in production, store the decision and act."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default="", metavar="MODEL", help="Name or id (default: all in production)")
        parser.add_argument("--retrain", action="store_true", help="Ask for a retraining whatever the signals say")
        parser.add_argument("--json", action="store_true", help="Decisions as JSON, one a line")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["retrain"] and not options["model"]:
            raise CommandError("--retrain needs --model: which one?")
        workspace, actor = workspace_of(options["workspace"]), actor_of(options["actor"])
        try:
            models = [named(workspace, options["model"])] if options["model"] else [
                row.model for row in overview(workspace)
            ]  # fmt: skip
        except NotFound as error:
            raise CommandError(str(error)) from error
        if not models:
            self.stdout.write("No model is in production: nothing to decide on.")
        for model in models:
            self._say(model, self._decide(model, actor, options), as_json=options["json"])

    def _decide(self, model: RegisteredModel, actor: User | None, options: dict[str, Any]) -> Decision:
        try:
            return decisions.decide(model, through="command", actor=actor, by_hand=options["retrain"])
        except Refused as error:
            raise CommandError("\n".join(item.message for item in error.problems)) from error

    def _say(self, model: RegisteredModel, made: Decision, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"model": model.name, "id": str(made.pk), **made.document}))
            return
        self.stdout.write(f"{model.name}: {made.state.label}")
        for reason in made.document["reasons"]:
            self.stdout.write(f"  {reason}")
