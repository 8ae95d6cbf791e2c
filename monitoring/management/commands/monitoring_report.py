"""``manage.py monitoring_report``: everything monitoring knows of a model, as JSON."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone

from experiments.models import RegisteredModel
from monitoring.selectors.report import report
from monitoring.selectors.windows import NAMES, BadPeriod, period


class Command(BaseCommand):
    help = "Write the monitoring report of a model as JSON: judgements with findings, figures, alerts, advice."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--model", required=True, help="name or id")
        parser.add_argument("--period", default="24h", help=f"{', '.join(NAMES)} (24h)")
        parser.add_argument("--workspace", default="", help="name, where several have a model of this name")

    def handle(self, *args: Any, **options: Any) -> None:
        model = _model(options["model"], options["workspace"])
        try:
            chosen = period(options["period"])
        except BadPeriod as error:
            raise CommandError(str(error)) from error
        found = report(model, chosen, timezone.now())
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False))


def _model(named: str, workspace: str) -> RegisteredModel:
    """By id, else by name among those that are not archived."""
    rows = RegisteredModel.objects.select_related("workspace")
    if workspace:
        rows = rows.filter(workspace__name=workspace)
    try:
        found = list(rows.filter(pk=uuid.UUID(named)))
    except ValueError:
        found = list(rows.filter(name=named, archived_at__isnull=True)[:2])
    if not found:
        raise CommandError(f"--model: {named!r} is no model; accepted: the name or id of one.")
    if len(found) > 1:
        raise CommandError(f"--model: several workspaces have {named!r}; say which with --workspace, or give the id.")
    return found[0]
