"""Make the documented synthetic dataset (docs/synthetic-data.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.families import Family
from experiments.models import DatasetImport, JobStatus
from experiments.services import importing, tables
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused


class Command(BaseCommand):
    help = "Make the documented example of a family; without one, ratings of 1,000 users, 500 items, 50,000 ratings."

    def add_arguments(self, parser: CommandParser) -> None:
        families = [family.value for family in Family]
        parser.add_argument("--family", choices=families, default=Family.RECOMMENDATION.value)
        parser.add_argument("--name", default="", help="Default: Synthetic, or the family's example")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--users", type=int, default=1000, help="Of ratings")
        parser.add_argument("--items", type=int, default=500)
        parser.add_argument("--interactions", type=int, default=50_000)
        parser.add_argument("--workspace", default="")
        parser.add_argument("--as", dest="actor", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            job = self._queue(options)
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        job = importing.carry_out_here(job)
        if job.status != JobStatus.COMPLETED or job.dataset is None:
            raise CommandError(job.failure_reason or "It was not made.")
        self.stdout.write(f"Made {job.dataset.name} ({job.dataset.pk})")

    def _queue(self, options: dict[str, Any]) -> DatasetImport:
        workspace, actor = workspace_of(options["workspace"]), actor_of(options["actor"])
        if options["family"] != Family.RECOMMENDATION:
            return tables.import_synthetic_table(
                workspace=workspace,
                actor=actor,
                family=options["family"],
                name=options["name"],
                seed=options["seed"],
            )
        return importing.import_synthetic(
            workspace=workspace,
            actor=actor,
            name=options["name"] or "Synthetic",
            **{key: options[key] for key in ("seed", "users", "items", "interactions")},
        )
