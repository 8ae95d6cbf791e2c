"""``manage.py insights``: the figures of the insights page, on the terminal or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from experiments.services.actors import workspace_of
from mlopspro.core import spreadsheets
from mlopspro.insights.selectors.figures import HEADER, figures
from mlopspro.insights.selectors.insights import insights
from mlopspro.insights.selectors.span import MOST, USUAL, BadSpan, span_of


class Command(BaseCommand):
    help = "Experiments a week, their quality, time to production, cost, retrainings and alerts over the last weeks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--weeks", default=str(USUAL), metavar="N", help=f"1 to {MOST} (default: {USUAL})")
        parser.add_argument("--metric", default="", metavar="PROTOCOL.NAME", help="Of the quality of runs")
        parser.add_argument("--dataset", default="", metavar="ID", help="On which it was measured; all for every one")
        parser.add_argument("--csv", default="", metavar="FILE", help="Write them there, a figure a line; - is stdout")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            span = span_of(options["weeks"], timezone.now())
        except BadSpan as error:
            raise CommandError(f"--weeks: {error}") from error
        found = insights(workspace_of(options["workspace"]), span, options["metric"], options["dataset"])
        rows = [one.row for one in figures(found)]
        if not options["csv"]:
            for series, period, name, value, unit in rows:
                self.stdout.write(f"{series:<40} {period:<22} {name:<34} {_written(value):>14} {unit}")
            return
        text = "".join(spreadsheets.lines(HEADER, rows))
        if options["csv"] == "-":
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["csv"]).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"--csv {options['csv']}: {error.strerror or error}") from error
        self.stdout.write(f"{len(rows)} figures of {span.weeks} weeks are in {options['csv']}.")


def _written(value: object) -> str:
    if value is None:
        return "not known"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
