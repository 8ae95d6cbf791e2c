"""Which version of a model was in production at a moment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from experiments.selectors.registry import NotFound, live_at, named
from experiments.services.actors import workspace_of


class Command(BaseCommand):
    help = "Say which version of a model was live at a moment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
        parser.add_argument("moment", metavar="TIME", help="ISO 8601; UTC where it has no zone: 2026-11-21T09:30")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        moment = self._moment(options["moment"])
        try:
            model = named(workspace, options["model"])
        except NotFound as error:
            raise CommandError(str(error)) from error
        found = live_at(model, moment)
        if found is None:
            self.stdout.write(f"Nothing of {model} was in production at {moment.isoformat()}")
            return
        until = f" until {found.ended_at.isoformat()}" if found.ended_at else ", and still is"
        self.stdout.write(f"{model} {found.version.number}, from {found.started_at.isoformat()}{until}")

    def _moment(self, text: str) -> dt.datetime:
        try:
            found = parse_datetime(text)
        except ValueError:
            found = None
        if found is None:
            raise CommandError(f"TIME: {text!r} is not accepted; ISO 8601 is, such as 2026-11-21T09:30 or with +01:00")
        return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
