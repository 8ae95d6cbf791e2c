"""``manage.py health``: the verdict of the health page, for scripts and probes."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from monitoring.selectors.health import Verdict, verdict
from monitoring.selectors.health_document import document
from monitoring.services.health_states import State

EXIT_CODES = {State.HEALTHY: 0, State.DEGRADED: 1, State.UNKNOWN: 1, State.UNHEALTHY: 2}


class Command(BaseCommand):
    help = "Say whether the installation is healthy (exit code 0), degraded or not measured (1), or unhealthy (2)."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--json", action="store_true", help="the whole verdict as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = verdict(max_age=0)
        except DatabaseError as error:
            self._without_database(error, as_json=options["json"])
            sys.exit(EXIT_CODES[State.UNHEALTHY])
        if options["json"]:
            self.stdout.write(json.dumps(document(found), indent=2))
        else:
            self._say(found)
        if found.status is not State.HEALTHY:
            sys.exit(EXIT_CODES[found.status])

    def _say(self, found: Verdict) -> None:
        self.stdout.write(found.status.label)
        for check in found.by_urgency:
            self.stdout.write(f"  {check.state.label:<17} {check.rule.name}: {check.figure}")
            for line in (check.reason, check.advice):
                if line:
                    self.stdout.write(f"  {'':<17} {line}")

    def _without_database(self, error: DatabaseError, *, as_json: bool) -> None:
        reason = "The database does not answer."
        if as_json:
            self.stdout.write(json.dumps({"status": State.UNHEALTHY.value, "reasons": [reason]}, indent=2))
        else:
            self.stdout.write(f"{State.UNHEALTHY.label}\n  {reason} {str(error).splitlines()[0]}")
