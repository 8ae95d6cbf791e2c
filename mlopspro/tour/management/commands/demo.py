"""The tour: the whole loop once, unattended, beside ``manage.py up``. Killed, it goes on where it was."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from experiments.services.actors import workspace_of
from mlopspro.tour import driver
from retraining.models import Tour


class Command(BaseCommand):
    help = (
        "Show the whole loop: data, training, comparison, promotion, traffic, drift, alert, decision, retraining, "
        "canary, recovery. Needs a running site (manage.py up)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000", help="Where the site answers")
        parser.add_argument("--again", action="store_true", help="Begin a new tour, whatever became of the last one")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument(
            "--linger", type=float, default=driver.LINGER_SECONDS, help="Seconds of gentle traffic after the end (180)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tour = driver.begin(workspace_of(options["workspace"]), again=options["again"])
        except driver.AlreadyDriven as error:
            raise CommandError(str(error)) from error
        address = options["base_url"].rstrip("/") + reverse("tour:tour")
        if tour.state == Tour.State.DONE:
            self.stdout.write(f"The tour is done: {tour.sentence}\nLook at it: {address}. Once more: demo --again")
            return
        self.stdout.write(f"The tour can be watched at {address}")
        self.stdout.flush()
        try:
            tour = driver.run(tour, base_url=options["base_url"], tell=self._tell, linger=options["linger"])
        except driver.AlreadyDriven as error:
            raise CommandError(str(error)) from error
        except (KeyboardInterrupt, SystemExit):
            self._tell("Stopped. manage.py demo goes on where it was.")
            raise
        if tour.state == Tour.State.FAILED:
            raise CommandError(f"{tour.sentence}\nmanage.py demo tries that step again; --again begins anew.")
        self.stdout.write(f"Look at it: {address}")

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
