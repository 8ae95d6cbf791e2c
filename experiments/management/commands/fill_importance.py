"""Work out what versions of models depend on, for those that have no importance yet or, with --again, for all."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from experiments.models import ModelVersion
from experiments.services import importance
from experiments.services.actors import workspace_of
from experiments.services.explained_model import CannotExplain


class Command(BaseCommand):
    help = "Store what the answers of each version depend on: shares of columns or of parts of a score."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--again", action="store_true", help="Also for versions that have it")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = ModelVersion.objects.filter(model__workspace=workspace_of(options["workspace"]))
        if not options["again"]:
            rows = rows.filter(importance=[])
        filled = left = 0
        for version in rows.select_related("model", "experiment__dataset", "dataset").order_by("created_at"):
            try:
                found = importance.importance_of(version)
            except CannotExplain as error:
                self.stdout.write(f"{version}: {error}")
                left += 1
                continue
            ModelVersion.objects.filter(pk=version.pk).update(importance=found)
            filled += 1
        self.stdout.write(f"{filled} filled, {left} without exact parts.")
