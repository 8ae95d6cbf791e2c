"""The demo: sample data, one trained model, and where to look at it. Runs beside `manage.py up`."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from experiments.models import Dataset, Experiment
from experiments.services.actors import workspace_of

DATASET = "Synthetic"
RUN = "First hybrid"


class Command(BaseCommand):
    help = "Make the synthetic data and train the default hybrid on it, unless that was done before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of("")
        if not Dataset.objects.filter(workspace=workspace, name=DATASET, deleted_at__isnull=True).exists():
            call_command("generate_dataset", name=DATASET, stdout=self.stdout)
        run = Experiment.objects.filter(workspace=workspace, name=RUN, deleted_at__isnull=True).first()
        if run is None:
            call_command(
                "train_model", dataset=DATASET, architecture="hybrid", name=RUN, tag=["demo"], stdout=self.stdout
            )
            run = Experiment.objects.filter(workspace=workspace, name=RUN).latest("created_at")
        self.stdout.write(f"Look at it: {options['base_url']}/experiments/{run.pk}/")
