"""The models of a workspace and what is in production, for the terminal or as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.families import Family
from experiments.models import RegisteredModel, Stage
from experiments.selectors import registry
from experiments.selectors.registry import NotFound
from experiments.services.actors import workspace_of


class Command(BaseCommand):
    help = "List models; with --model, the versions of one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default="", help="Name or id: lists its versions")
        parser.add_argument("--family", choices=[family.value for family in Family], default="")
        parser.add_argument("--stage", choices=Stage.values, default="", help="Only with versions in this stage")
        parser.add_argument("--archived", action="store_true", help="Archived models instead of the others")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        if options["model"]:
            try:
                rows = self._versions(registry.named(workspace, options["model"]), options["stage"])
            except NotFound as error:
                raise CommandError(str(error)) from error
        else:
            found = registry.models(
                workspace, family=options["family"], stage=options["stage"], archived=options["archived"]
            )
            rows = [self._model(model) for model in found]
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        for row in rows:
            self.stdout.write("  ".join(str(value) for value in row.values()))
        if not rows:
            self.stdout.write("None yet; see manage.py register_model")

    def _model(self, model: RegisteredModel) -> dict[str, Any]:
        live = registry.champion(model)
        return {
            "id": str(model.pk),
            "name": model.name,
            "family": model.family,
            "production": live.number if live is not None else "none in production",
            "uri": registry.model_uri(model),
        }

    def _versions(self, model: RegisteredModel, stage: str) -> list[dict[str, Any]]:
        return [
            {
                "id": str(version.pk),
                "number": version.number,
                "stage": version.stage,
                "architecture": version.architecture,
                "dataset": version.dataset.name,
                "registered": version.created_at.isoformat(timespec="seconds"),
            }
            for version in registry.versions(model, stage=stage)
        ]
