"""``manage.py drift_report``: drift of a live model from raw rows, as Evidently's page where it is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from experiments.models import RegisteredModel
from monitoring.services import references
from monitoring.services.drift_samples import samples
from monitoring.services.own_answers import CannotAnswerOwn
from monitoring.services.scene import champion_at
from monitoring.services.window_reads import NAMES, BadPeriod, period
from monitoring.stats.drift_report import drift_report, has_evidently


class Command(BaseCommand):
    help = (
        "Compare rows of the log with the live version's reference, column by column. With Evidently installed "
        "(pip install 'evidently>=0.7.20' 'pandas<3', in an environment of its own) --page keeps its report; without "
        "it, two-sample tests are made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="Name of a model in production.")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several.")
        parser.add_argument("--period", default="24h", help=f"{', '.join(NAMES)}; default: 24h.")
        parser.add_argument("--page", type=Path, help="Where Evidently's HTML goes.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["page"] is not None and not has_evidently():
            raise CommandError("--page needs Evidently, which is not installed; without --page our own tests are made.")
        live = champion_at(_model(options["model"], options["workspace"]), timezone.now())
        if live is None:
            raise CommandError(f"{options['model']} has no version in production.")
        reference = references.ensure(live.version)
        if reference is None:
            raise CommandError(references.why_none(live.version))
        try:
            both = samples(live.version, reference, period(options["period"]))
            detected, report = drift_report(*both, options["page"])
        except (BadPeriod, CannotAnswerOwn, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"detected": detected, **report}, indent=2))


def _model(name: str, workspace: str) -> RegisteredModel:
    rows = RegisteredModel.objects.filter(name=name, archived_at__isnull=True)
    found = list(rows.filter(workspace__slug=workspace) if workspace else rows)
    if len(found) != 1:
        many = "several models are called so; name the --workspace" if found else "no model is called so"
        raise CommandError(f"--model {name!r}: {many}.")
    return found[0]
