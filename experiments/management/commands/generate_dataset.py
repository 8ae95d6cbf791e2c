"""Make the documented synthetic dataset (docs/synthetic-data.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.models import JobStatus
from experiments.services import importing
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Make the synthetic MovieLens-style dataset: 1,000 users, 500 items, 50,000 ratings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="Synthetic")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--users", type=int, default=1000)
        parser.add_argument("--items", type=int, default=500)
        parser.add_argument("--interactions", type=int, default=50_000)
        parser.add_argument("--workspace", default="")
        parser.add_argument("--as", dest="actor", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            job = importing.import_synthetic(
                workspace=workspace_of(options["workspace"]),
                actor=actor_of(options["actor"]),
                name=options["name"],
                **{key: options[key] for key in ("seed", "users", "items", "interactions")},
            )
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        job = importing.carry_out_here(job)
        if job.status != JobStatus.COMPLETED or job.dataset is None:
            raise CommandError(job.failure_reason or "It was not made.")
        self.stdout.write(f"Made {job.dataset.name} ({job.dataset.pk})")
