"""Compare runs from the command line: the same figures and verdict as the page."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.selectors.comparison import FEWEST, MOST, Asked, Selection, problems_of, select
from experiments.selectors.comparison_document import document
from experiments.selectors.comparison_gathered import Gathered, gather
from experiments.selectors.comparison_judged import Verdict, alone_of, verdicts_of
from experiments.selectors.comparison_verdict import MetricChoice
from experiments.services.actors import workspace_of


class Command(BaseCommand):
    help = "Say which of two to ten runs is really better, and show their metrics side by side."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="+", metavar="ID", help=f"{FEWEST} to {MOST} runs; the first is the reference")
        parser.add_argument("--metric", default="", help="What to judge by, such as catalogue.ndcg_at_10")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--json", action="store_true", help="Print everything as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        selection = self._select(workspace, options["ids"])
        gathered = gather(workspace, selection)
        metric = gathered.metric(options["metric"])
        if options["metric"] and (metric is None or metric.key != options["metric"]):
            known = ", ".join(choice.key for choice in gathered.choices) or "none that two of these runs share"
            raise CommandError(
                f"--metric {options['metric']!r} cannot be compared user by user here; accepted: {known}"
            )
        if options["json"]:
            self.stdout.write(json.dumps(document(gathered, metric), indent=2))
            return
        self._say(gathered, metric)

    def _select(self, workspace: Any, ids: list[str]) -> Selection:
        asked = Asked.of(ids)
        selection = select(workspace, asked)
        problems = problems_of(selection)
        if not problems and not selection.is_enough:
            problems = [f"{len(selection.runs)} run is named; accepted: {FEWEST} to {MOST}."]
        if problems:
            raise CommandError("\n".join(problems))
        return selection

    def _say(self, gathered: Gathered, metric: MetricChoice | None) -> None:
        for one in gathered.selection.runs:
            self.stdout.write(f"{one.letter}  {one.name}  {one.key}  {one.run.status_label.lower()}")
        for difference in gathered.scope.said_above():
            self.stdout.write(f"! {difference.text}")
        for text in gathered.warnings():
            self.stdout.write(f"! {text}")
        self.stdout.write("")
        if metric is None:
            self.stdout.write("There is no verdict: no two of these runs share a metric that can be compared per user.")
        else:
            for verdict in verdicts_of(gathered, metric) or ():
                self._say_verdict(verdict)
            for one, why in alone_of(gathered, metric):
                self.stdout.write(f"{one.name} stands alone. {why}")
        self._table(gathered)

    def _say_verdict(self, verdict: Verdict) -> None:
        self.stdout.write(verdict.headline)
        if verdict.matrix:
            for line in verdict.lines:
                self.stdout.write(f"  {line.sentence}")
        for one, why in verdict.without:
            self.stdout.write(f"  {one.name} is not judged. {why}")

    def _table(self, gathered: Gathered) -> None:
        """Metrics by protocol; * is the best of those measured alike, ≠ was measured otherwise than the reference."""
        for group in gathered.metric_groups():
            self.stdout.write(f"\n{group.label:<22}" + "".join(f"{one.letter:>12}" for one in gathered.selection.runs))
            for row in group.rows:
                marks = ["*" if cell.best else "≠" if cell.apart else " " for cell in row.cells]
                cells = "".join(f"{cell.text:>11}{mark}" for cell, mark in zip(row.cells, marks, strict=True))
                self.stdout.write(f"  {row.label:<20}{cells}")
