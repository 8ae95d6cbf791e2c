"""Launch a run from the command line: the same checks, queue and result as from the page."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from experiments.jobs import queue
from experiments.learning.tabular.base import Roles
from experiments.models import Dataset, Experiment, RecipeVersion, RunType
from experiments.selectors import registry
from experiments.services import launch, recipe_rules
from experiments.services.actors import actor_of, recipe_of, version_of, workspace_of
from experiments.services.default_split import default_split
from experiments.services.spec import INTERACTION_METHODS, TABLE_METHODS, LaunchSpec, Refused, problems_of

SPLIT_OPTIONS = {
    "method": "split",
    "test_share": "test_share",
    "validation_share": "validation_share",
    "seed": "split_seed",
    "folds": "folds",
    "horizon": "horizon",
    "block_km": "block_km",
}
"""Fields of a split and the options that set them."""


class Command(BaseCommand):
    help = "Launch a training, an evaluation or a backtest and, unless --no-wait is given, follow it to its end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", required=True, help="Name or id of a dataset")
        parser.add_argument("--architecture", default="", help="Left out: hybrid, or the first of the table's family")
        parser.add_argument("--recipe", default="", metavar="NAME@NUMBER", help="Do what this version says")
        parser.add_argument("--run-type", choices=["train", "eval", "backtest"], default="train")
        parser.add_argument("--evaluates", default="", metavar="RUN", help="Id of the run whose model eval judges")
        parser.add_argument(
            "--register-as", default="", metavar="MODEL", help="Name or id of a model to be a version of"
        )
        parser.add_argument(
            "--auto-promote", action="store_true", help="Promote that version if the gate lets it through"
        )
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="A hyperparameter; repeatable"
        )
        parser.add_argument("--role", action="append", default=[], metavar="ROLE=COLUMN", help="Of a table; repeatable")
        parser.add_argument("--split", choices=[*dict.fromkeys((*INTERACTION_METHODS, *TABLE_METHODS))])
        parser.add_argument("--test-share", type=float, help="Share of rows in the test part (0.2)")
        parser.add_argument("--validation-share", type=float)
        parser.add_argument("--split-seed", type=int)
        parser.add_argument("--folds", type=int, help="Of rolling_origin: how many origins")
        parser.add_argument("--horizon", type=int, help="Of rolling_origin on tables: days tested after each origin")
        parser.add_argument("--block-km", type=float, help="Of spatial_blocks: side of a square")
        parser.add_argument("--seed", type=int, help="random_state of weights, shuffling and sampling (42)")
        parser.add_argument("--processes", type=int, help="Of this machine, to train a Keras network with (1)")
        parser.add_argument(
            "--tracker", action="append", choices=["mlflow", "wandb", "none"], help="Repeatable; default both"
        )
        parser.add_argument("--tag", action="append", default=[])
        parser.add_argument("--notes", default="")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it runs")
        parser.add_argument("--no-wait", action="store_true", help="End as soon as the run is queued")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        dataset = self._dataset(workspace, options["dataset"])
        try:
            spec = LaunchSpec.model_validate(self._asked(options, dataset))
            run = launch.launch(workspace=workspace, actor=actor_of(options["actor"]), spec=spec, through="command")
        except ValidationError as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in problems_of(error))) from error
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        queue.ringer.flush(1.0)
        if not options["json"]:
            self.stdout.write(f"Queued {run.name} as {run.pk}")
        if not options["no_wait"]:
            run = self._follow(run, quiet=options["json"])
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {"id": str(run.pk), "status": run.status, "metrics": run.metrics, "error": run.failure_reason}
                )
            )
        if run.status in ("failed", "cancelled") and not options["no_wait"]:
            raise CommandError(f"{run.status_label}: {run.failure_reason or 'stopped by a person'}")

    def _dataset(self, workspace: Any, asked: str) -> Dataset:
        rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True)
        found = rows.filter(name=asked).first()
        if found is None:
            found = next((row for row in rows if str(row.pk) == asked), None)
        if found is None:
            known = ", ".join(rows.values_list("name", flat=True)[:20]) or "none yet; see manage.py import_dataset"
            raise CommandError(f"dataset: there is no {asked!r}; known: {known}")
        return found

    def _asked(self, options: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
        """What was given; the rest takes what the recipe or the evaluated run says, or its defaults."""
        trackers = options["tracker"] if options["tracker"] is not None else ["mlflow", "wandb"]
        asked: dict[str, Any] = {
            "name": options["name"],
            "dataset": dataset.pk,
            "architecture": options["architecture"],
            "parameters": dict(self._pair(text) for text in options["set"]),
            "run_type": options["run_type"],
            "evaluates": options["evaluates"] or None,
            "recipe_version": self._recipe(dataset, options["recipe"]),
            "register_as": self._model(dataset, options["register_as"]),
            "auto_promote": options["auto_promote"],
            "trackers": [name for name in trackers if name != "none"],
            "notes": options["notes"],
            "tags": options["tag"],
        }
        if options["seed"] is not None:
            asked["seed"] = options["seed"]
        if options["processes"] is not None:
            asked["processes"] = options["processes"]
        if options["role"]:
            asked["roles"] = self._roles(dataset, options["role"])
        if split := self._split(options, dataset):
            asked["split"] = split
        return asked

    def _split(self, options: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
        """{} where nothing was said of it."""
        given = {name: options[option] for name, option in SPLIT_OPTIONS.items() if options[option] is not None}
        if not given:
            return {}
        return default_split(dataset, RunType(options["run_type"])).model_dump() | given

    def _recipe(self, dataset: Dataset, named: str) -> uuid.UUID | None:
        """NAME@1.2.0; a name alone is its newest approved version."""
        if not named:
            return None
        name, _, number = named.rpartition("@") if "@" in named else (named, "", "")
        recipe = recipe_of(dataset.workspace, name)
        version: RecipeVersion = version_of(recipe, number) if number else recipe_rules.usable_version(recipe)
        return version.pk

    def _model(self, dataset: Dataset, named: str) -> uuid.UUID | None:
        if not named:
            return None
        try:
            return registry.named(dataset.workspace, named).pk
        except registry.NotFound as error:
            raise CommandError(f"--register-as: {error}") from error

    def _roles(self, dataset: Dataset, given: list[str]) -> dict[str, Any]:
        """The dataset's roles, changed where the command says so; roles of several columns take them by commas."""
        roles: dict[str, Any] = dict(dataset.roles)
        for text in given:
            name, separator, column = text.partition("=")
            if not separator or not name:
                raise CommandError(f"--role {text!r}: accepted is ROLE=COLUMN, for example --role target=sales")
            many = isinstance(Roles().model_dump().get(name), tuple)
            roles[name] = [one.strip() for one in column.split(",") if one.strip()] if many else column
        return roles

    def _pair(self, text: str) -> tuple[str, Any]:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise CommandError(f"--set {text!r}: accepted is NAME=VALUE, for example --set epochs=20")
        try:
            return name, json.loads(value)
        except ValueError:
            return name, {"True": True, "False": False, "None": None}.get(value, value)

    def _follow(self, run: Experiment, *, quiet: bool) -> Experiment:
        """Prints each change of phase and epoch until the run has ended."""
        shown = ""
        while True:
            run.refresh_from_db()
            progress = f" {run.progress_done}/{run.progress_total}" if run.progress_total else ""
            line = f"{run.status_label}: {run.phase}{progress}" if run.is_active else run.status_label
            if line != shown and not quiet:
                self.stdout.write(line)
                shown = line
            if run.is_terminal:
                break
            time.sleep(0.3)
        if run.metrics and not quiet:
            for protocol, figures in run.metrics.items():
                self.stdout.write(
                    f"{protocol}: "
                    + ", ".join(f"{name} {value:.4f}" for name, value in figures.items() if value is not None)
                )
        return run
