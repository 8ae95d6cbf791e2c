"""``manage.py sync_mlflow_runs``: reads the runs that others logged to MLflow, now rather than with the next beat."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from experiments.models import LoggedSource
from experiments.services import breaker, logged_runs
from experiments.services.logged_run_taking import Report

PASS_SECONDS = 60.0
PATIENCE_SECONDS = 120.0
"""How long to wait for another worker that is reading them."""


class Command(BaseCommand):
    help = "Compares every run of the MLflow server with the history here and reads what is new or changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--all", dest="reread", action="store_true", help="read every run again, also where it seems unchanged"
        )

    def handle(self, *, reread: bool, **_: Any) -> None:
        since = timezone.now() if reread else None
        breaker.try_now("mlflow")
        logged_runs.begin_sweep()
        total, waited_until = Report(), time.monotonic() + PATIENCE_SECONDS
        while not total.done:
            total.add(logged_runs.sync(PASS_SECONDS, reread_before=since))
            if total.error == logged_runs.BUSY and time.monotonic() < waited_until:
                time.sleep(1)
            elif total.error:
                raise CommandError(f"{_counted(total)} {total.error}")
        self.stdout.write(_counted(total))
        for source in LoggedSource.objects.exclude(last_error=""):
            self.stdout.write(f"{source.name}: {source.last_error}")


def _counted(report: Report) -> str:
    return (
        f"{report.read} runs read, {report.unchanged} unchanged, {report.deleted} deleted, "
        f"{report.failed} could not be read."
    )
