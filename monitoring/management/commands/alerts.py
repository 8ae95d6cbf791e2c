"""``manage.py alerts``: what is open, and what was, on a terminal."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from experiments.models import RegisteredModel
from experiments.services.actors import workspace_of
from mlopspro.core import formats
from monitoring.models import Alert
from monitoring.selectors import alerts as shown


class Command(BaseCommand):
    help = "List alerts, the last opened first. The exit code is 1 where --open finds any."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--workspace", default="", help="slug; needed where there are several")
        parser.add_argument("--model", default="", help="name of a model")
        parser.add_argument("--open", action="store_true", help="live ones alone: open, acknowledged and snoozed")
        parser.add_argument("--limit", type=int, default=50)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        rows = shown.of_workspace(workspace)
        if options["model"]:
            model = RegisteredModel.objects.filter(workspace=workspace, name=options["model"]).first()
            if model is None:
                raise CommandError(f"--model {options['model']!r}: there is no such model; manage.py list_models")
            rows = rows.filter(rule__model=model)
        if options["open"]:
            rows = rows.exclude(state=Alert.State.RESOLVED)
        if not 1 <= options["limit"] <= 1000:
            raise CommandError(f"--limit {options['limit']}: 1 to 1,000 are accepted")
        found = shown.page_of(rows, "", options["limit"]).rows
        if options["json"]:
            self.stdout.write(json.dumps([_plain(one.alert) for one in found], indent=2))
        else:
            self._say(found, options["open"])
        if options["open"] and found:
            raise SystemExit(1)

    def _say(self, found: Any, live: bool) -> None:
        if not found:
            self.stdout.write("Nothing is open." if live else "There has been no alert yet.")
        for one in found:
            alert = one.alert
            when = formats.exact_time(alert.opened_at)
            head = f"{alert.get_severity_display():<9}{alert.get_state_display():<13}{when}"
            self.stdout.write(f"{head}  {alert.rule.model.name}: {alert.rule.name}")
            self.stdout.write(f"    {alert.sentence}")
            if one.gone:
                self.stdout.write(f"    No reading since {formats.exact_time(one.gone['since'])}. {one.gone['why']}")


def _plain(alert: Alert) -> dict[str, Any]:
    return {
        "id": str(alert.pk),
        "model": alert.rule.model.name,
        "rule": alert.rule.name,
        "state": alert.state,
        "severity": alert.severity,
        "sentence": alert.sentence,
        "value": alert.value,
        "threshold": alert.threshold,
        "opened_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
    }
