"""Train two-tower and BERT4Rec (or what the parameters name) on one dataset, in one command or stage by stage."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.jobs import attempt, lifecycle, queue
from experiments.models import Experiment
from experiments.services import zoo
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Prepare, train and compare the models of a parameter file; see docs/how-to/pipeline.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="Parameters (params.yaml)")
        parser.add_argument("--out", type=Path, help="Folder for results; default: results beside the parameters")
        parser.add_argument("--stage", choices=["all", "prepare", "train", "compare"], default="all")
        parser.add_argument("--model", default="", help="Of the stage train: which of the models; default: all")
        parser.add_argument("--here", action="store_true", help="Train in this process and wait for no worker")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it happens")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace, actor = workspace_of(options["workspace"]), actor_of(options["actor"])
        out = options["out"] or options["params"].parent / "results"
        carry_out = self._here if options["here"] else self._followed
        try:
            parameters = zoo.read_parameters(options["params"])
            if options["stage"] in ("all", "prepare"):
                found = zoo.prepare(parameters, workspace, actor, out)
                self.stdout.write(
                    f"{found['name']}: {found['num_interactions']:,} interactions of {found['num_users']:,} users "
                    f"with {found['num_items']:,} items"
                )
            if options["stage"] in ("all", "train"):
                for key in [options["model"]] if options["model"] else list(parameters.models):
                    run = zoo.train(parameters, key, workspace, actor, out, carry_out)
                    self.stdout.write(f"{run.name}: {run.status_label}")
            if options["stage"] in ("all", "compare"):
                self.stdout.write(zoo.table_of(zoo.compare(parameters, out)))
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error

    def _here(self, run: Experiment) -> Experiment:
        """Carried out by this process, unless a worker was faster."""
        lease = lifecycle.claim(Experiment.KIND, run.pk)
        if lease is None:
            return self._followed(run)
        attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: None)
        return self._followed(run)

    def _followed(self, run: Experiment) -> Experiment:
        queue.ringer.flush(1.0)
        run.refresh_from_db()
        while not run.is_terminal:
            time.sleep(POLL_SECONDS)
            run.refresh_from_db()
        return run
