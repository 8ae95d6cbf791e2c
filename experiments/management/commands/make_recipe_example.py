"""``manage.py make_recipe_example``: synthetic data of known truth for a recipe, and a run on it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.jobs import queue
from experiments.services.actors import actor_of, recipe_of, workspace_of
from experiments.services.recipe_examples import make_example
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Make the synthetic example of a recipe: columns, first rows, truth, dataset and a queued run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("recipe", help="Name or id")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--no-run", action="store_true", help="Data alone")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is made")

    def handle(self, *args: Any, **options: Any) -> None:
        recipe = recipe_of(workspace_of(options["workspace"]), options["recipe"])
        try:
            example = make_example(
                recipe,
                actor=actor_of(options["actor"]),
                seed=options["seed"],
                launch=not options["no_run"],
                through="command",
            )
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        queue.ringer.flush(1.0)
        self.stdout.write(f"Data: {example.dataset}")
        if example.experiment is not None:
            self.stdout.write(f"Run: {example.experiment.name} ({example.experiment.pk}), {example.experiment.status}")
