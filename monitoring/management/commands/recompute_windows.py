"""``manage.py recompute_windows MODEL --from TIME --to TIME``: windows computed anew from the log, for repair."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from experiments.models import RegisteredModel
from monitoring.selectors.traffic import sources_of
from monitoring.selectors.windows import BadPeriod, period
from monitoring.services import windows


class Command(BaseCommand):
    help = "Compute the windows of a model anew from its log. The same rows give the same windows, so it is safe."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="Name or id of the model.")
        parser.add_argument("--workspace", default="default", help="Slug of its workspace; default: default.")
        parser.add_argument("--from", dest="start", required=True, help="Date or time, UTC where it has no zone.")
        parser.add_argument("--to", dest="end", default="", help="The same; now where it is missing.")

    def handle(self, *args: Any, **options: Any) -> None:
        model = self._model(options["model"], options["workspace"])
        try:
            chosen = period(start=options["start"], end=options["end"])
        except BadPeriod as error:
            raise CommandError(str(error)) from error
        sources = sources_of(model)
        if not sources:
            raise CommandError(f"{model.name} has never answered: there is nothing to compute.")
        missing = set()
        for source in sources:
            done = windows.recompute(source, chosen.start, chosen.end)
            missing |= set(done.missing)
            self.stdout.write(
                f"{source}: {done.rows:,} rows in {done.minutes:,} minutes, {done.hours:,} hours and {done.days:,} days"
            )
        if missing:
            days = ", ".join(f"{day:%Y-%m-%d}" for day in sorted(missing)[:10])
            self.stdout.write(f"The log of {len(missing)} days is not in the database; left as it was: {days}")

    def _model(self, given: str, workspace: str) -> RegisteredModel:
        wanted = Q(name=given, archived_at__isnull=True)
        with contextlib.suppress(ValueError):
            wanted |= Q(pk=uuid.UUID(given))
        found = RegisteredModel.objects.filter(wanted, workspace__slug=workspace).first()
        if found is None:
            raise CommandError(f"No model {given!r} in the workspace {workspace!r}.")
        return found
