"""``manage.py archive_predictions``: daily files of the prediction log, now instead of at the next full hour."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from monitoring.services import archive, partitions, retention
from monitoring.services.log_days import utc_day


class Command(BaseCommand):
    help = "Write finished days of the prediction log to compressed files and drop those that are older than kept."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--day", help="write this day alone, such as 2026-11-20; nothing is dropped")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["day"]:
            self._day(options["day"], dry_run=options["dry_run"])
        elif options["dry_run"]:
            writing, dropping = retention.due()
            self._say("would write", writing)
            self._say("would drop", dropping)
        else:
            kept = retention.keep()
            for path in kept.written:
                self.stdout.write(f"written {path}")
            self._say("dropped", kept.dropped)
            self._say("held back, as they are still read or changed", kept.held_back)

    def _day(self, given: str, *, dry_run: bool) -> None:
        try:
            day = dt.date.fromisoformat(given)
        except ValueError:
            raise CommandError(f"--day is {given!r}; accepted: a date such as 2026-11-20") from None
        if day >= utc_day(timezone.now()):
            raise CommandError(f"--day is {day}, which is not over; accepted: a day before today (UTC)")
        if day not in partitions.existing():
            raise CommandError(f"--day is {day}, of which the database has nothing")
        if dry_run:
            for workspace, counts in archive.counts_of(day).items():
                self.stdout.write(f"{workspace}: {counts.predictions:,} predictions, {counts.feedback:,} feedback")
            return
        for one in archive.write_day(day):
            self.stdout.write(f"written {one.path} ({one.predictions:,} predictions, {one.feedback:,} feedback)")

    def _say(self, words: str, days: list[dt.date]) -> None:
        if days:
            self.stdout.write(f"{words}: {', '.join(map(str, days))}")
