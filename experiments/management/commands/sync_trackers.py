"""``manage.py sync_trackers``: takes what waits to MLflow and W&B, now rather than with the next beat."""

from __future__ import annotations

import time
import uuid
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experiments.models import Experiment, OutboxEntry, RegistryMessage, TrackerHealth, TrackerRun
from experiments.services import delivery, outbox, registry_delivery
from experiments.services.trackers import trackers

PAUSE_SECONDS = 5.0


class Command(BaseCommand):
    help = "Delivers what waits for MLflow and W&B. Ends when nothing waits, or with --once after one try."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="try once and say what still waits")
        parser.add_argument("--experiment", type=uuid.UUID, help="only this run (its id)")
        parser.add_argument(
            "--rebuild", action="store_true", help="tell everything again from the run's rows; needs --experiment"
        )
        parser.add_argument("--seconds", type=float, default=60.0, help="time for one round of deliveries, default 60")

    def handle(self, *, once: bool, experiment: uuid.UUID | None, rebuild: bool, seconds: float, **_: Any) -> None:
        if rebuild and experiment is None:
            raise CommandError("--rebuild needs --experiment with the id of one run.")
        self._prepare(experiment, rebuild)
        delivered = 0
        while True:
            delivered += delivery.deliver_waiting(seconds, experiment=experiment)
            if experiment is None:
                delivered += registry_delivery.deliver_waiting(seconds)
            left = self._waiting(experiment)
            if once or left == 0:
                break
            self.stdout.write(f"{delivered} delivered, {left} wait; trying again in {PAUSE_SECONDS:g} s.")
            time.sleep(PAUSE_SECONDS)
        self.stdout.write(f"{delivered} delivered, {left} wait.")
        for tracker in trackers().values():
            self.stdout.write(tracker.describe())
        for health in TrackerHealth.objects.exclude(last_error=""):
            self.stdout.write(f"{health}: {health.last_error}; tried again at {health.open_until:%H:%M:%S} UTC.")

    def _prepare(self, experiment: uuid.UUID | None, rebuild: bool) -> None:
        """A person asked: no pause is waited for."""
        if experiment is not None and not Experiment.objects.filter(pk=experiment).exists():
            raise CommandError(f"There is no run {experiment}.")
        runs = TrackerRun.objects.all() if experiment is None else TrackerRun.objects.filter(experiment=experiment)
        for run in runs if rebuild else ():
            outbox.rebuild(run)
        runs.update(retry_at=None)
        RegistryMessage.objects.filter(delivered_at__isnull=True).update(retry_at=None)
        TrackerHealth.objects.update(open_until=None)

    @staticmethod
    def _waiting(experiment: uuid.UUID | None) -> int:
        """Entries that could be delivered now; what waits for its run to end is not among them."""
        entries = OutboxEntry.objects.filter(delivered_at__isnull=True)
        if experiment is not None:
            entries = entries.filter(tracker_run__experiment=experiment)
        for tracker in trackers().values():
            if not tracker.is_available:
                entries = entries.exclude(tracker_run__tracker=tracker.key)
            elif tracker.whole_runs:
                ended = TrackerRun.objects.filter(tracker=tracker.key, outbox__kind="end", outbox__delivered_at=None)
                entries = entries.exclude(
                    tracker_run__in=TrackerRun.objects.filter(tracker=tracker.key).exclude(pk__in=ended)
                )
        return entries.count() + (registry_delivery.waiting() if experiment is None else 0)
