"""Launch a training run from the command line: the same checks, queue and result as from the page."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from experiments.jobs import queue
from experiments.models import Dataset, Experiment
from experiments.services import launch
from experiments.services.actors import actor_of, workspace_of
from experiments.services.default_split import default_split
from experiments.services.spec import LaunchSpec, Refused, problems_of


class Command(BaseCommand):
    help = "Launch a training run and, unless --no-wait is given, follow it to its end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", required=True, help="Name or id of a dataset")
        parser.add_argument("--architecture", default="hybrid")
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="A hyperparameter; repeatable"
        )
        parser.add_argument("--split", choices=["random", "time", "leave_last_out", "given"])
        parser.add_argument("--test-share", type=float, help="Share of rows in the test part (0.2)")
        parser.add_argument("--validation-share", type=float)
        parser.add_argument("--split-seed", type=int)
        parser.add_argument("--seed", type=int, default=42, help="random_state of weights, shuffling and sampling")
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
        split = default_split(dataset).model_dump()
        for key, option in (
            ("method", "split"),
            ("test_share", "test_share"),
            ("validation_share", "validation_share"),
            ("seed", "split_seed"),
        ):
            if options[option] is not None:
                split[key] = options[option]
        trackers = options["tracker"] if options["tracker"] is not None else ["mlflow", "wandb"]
        return {
            "name": options["name"],
            "dataset": dataset.pk,
            "architecture": options["architecture"],
            "parameters": dict(self._pair(text) for text in options["set"]),
            "split": split,
            "seed": options["seed"],
            "trackers": [name for name in trackers if name != "none"],
            "notes": options["notes"],
            "tags": options["tag"],
        }

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
