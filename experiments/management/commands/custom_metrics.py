"""``manage.py custom_metrics``: list, add and compute metrics that people define."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from experiments.jobs import queue
from experiments.selectors import custom_metrics as rows
from experiments.services import custom_metrics, custom_values
from experiments.services.actors import actor_of, workspace_of
from experiments.services.custom_metrics import MetricSpec
from experiments.services.spec import Refused, problems_of
from mlopspro.accounts.models import Workspace

ROUND_SECONDS = 10.0
OTHERS_PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = "List custom metrics, add one, or compute what is missing now rather than by the worker."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        acts = parser.add_subparsers(dest="act", required=True, metavar="list | add | compute")
        acts.add_parser("list", help="Every metric, how many runs have it, and why others have not")
        add = acts.add_parser("add", help="Define a metric; see docs/how-to/custom-metrics.md for the language")
        add.add_argument("name", help=f"As in metrics.custom.NAME: {custom_metrics.NAME_HELP}")
        add.add_argument("expression", help='Such as "mean(catalogue.ndcg_at_10 where relevant >= 5)"')
        add.add_argument("--label", default="")
        add.add_argument("--description", default="")
        add.add_argument("--lower-is-better", action="store_true")
        add.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is defined")
        acts.add_parser("compute", help="Compute what is missing, in this process")

    def handle(self, *, act: str, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        {"list": self._list, "add": self._add, "compute": self._compute}[act](workspace, options)

    def _list(self, workspace: Workspace, options: dict[str, Any]) -> None:
        states = rows.listed(workspace)
        if not states:
            self.stdout.write('None yet. Add one: manage.py custom_metrics add NAME "EXPRESSION"')
        for state in states:
            metric = state.metric
            self.stdout.write(f"{metric.name}  version {metric.version}  {state.valued} of {state.runs} runs")
            self.stdout.write(f"    {metric.expression}")
            for reason, count in state.reasons:
                self.stdout.write(f"    {count} without: {reason}")
            if state.pending:
                self.stdout.write(f"    {state.pending} to be computed")

    def _add(self, workspace: Workspace, options: dict[str, Any]) -> None:
        given = {key: options[key] for key in ("name", "expression", "label", "description")}
        try:
            spec = MetricSpec.model_validate(given | {"higher_is_better": not options["lower_is_better"]})
            metric = custom_metrics.create(workspace=workspace, actor=actor_of(options["actor"]), spec=spec)
        except (ValidationError, Refused) as error:
            problems = problems_of(error) if isinstance(error, ValidationError) else error.problems
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in problems)) from error
        queue.ringer.flush(1.0)
        self.stdout.write(f"Defined {metric.name}; the worker computes it for all completed runs.")

    def _compute(self, workspace: Workspace, options: dict[str, Any]) -> None:
        """Until nothing is missing, also where a worker is at it at the same time."""
        done = 0
        while custom_values.unfinished(workspace.pk):
            progress = custom_values.compute_pending(ROUND_SECONDS, workspace_id=workspace.pk)
            done += progress.runs
            if not progress.runs:
                time.sleep(OTHERS_PAUSE_SECONDS)
        self.stdout.write(f"{done} runs computed here; nothing is missing.")
