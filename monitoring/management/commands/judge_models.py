"""``manage.py judge_models``: models judged at once, now or as of a moment that is past."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from experiments.models import RegisteredModel
from monitoring.models import Check
from monitoring.services import judging


class Command(BaseCommand):
    help = (
        "Judge models at once: quality, cost, drift, data and freshness over the analysed stretch. "
        "With --at as of a moment that is past, with the version that was live then."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", default="", help="Name or id; default: every model that is live or was asked.")
        parser.add_argument("--workspace", default="", help="Slug; default: all workspaces.")
        parser.add_argument(
            "--area", action="append", choices=Check.Area.values, help="As often as wanted; default: all."
        )
        parser.add_argument("--at", default="", help="A time such as 2026-11-21T08:00, UTC where it has no zone.")
        parser.add_argument("--due", action="store_true", help="As the schedule does: what is due, then alert rules.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be found and keep nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        at = _moment(options["at"])
        if options["due"]:
            self._due(at, options)
            return
        models = self._models(options["model"], options["workspace"], at)
        if not models:
            self.stdout.write("No model is live or was asked within the last day.")
        failed = 0
        for model in models:
            self.stdout.write(str(model))
            for area in options["area"] or judging.AREAS:
                failed += not self._judge(model, Check.Area(area), at, keep=not options["dry_run"])
        if failed:
            raise CommandError(f"{failed} could not be judged; the lines above say why.")

    def _due(self, at: dt.datetime, options: dict[str, Any]) -> None:
        if refused := [name for name in ("model", "workspace", "area", "dry_run") if options[name]]:
            raise CommandError(f"--due is for all that is due; it does not go with --{refused[0].replace('_', '-')}.")
        done = judging.judge_due(at)
        self.stdout.write(f"{done.models} models, {done.checks} checks, {done.alerts} alerts, {done.failed} failed")

    def _judge(self, model: RegisteredModel, area: Check.Area, at: dt.datetime, *, keep: bool) -> bool:
        """Whether it went through; what went wrong with one is said and the others are judged."""
        try:
            check = judging.judge(model, area, now=at, through="command", save=keep)
        except Exception as error:
            self.stderr.write(f"  {area.label:<15} failed: {type(error).__name__}: {error}")
            return False
        if check is None:
            self.stdout.write(f"  {area.label:<15} does not apply")
        else:
            self.stdout.write(f"  {area.label:<15} {check.get_verdict_display():<16} {check.sentence}")
        return True

    def _models(self, given: str, workspace: str, at: dt.datetime) -> list[RegisteredModel]:
        if not given:
            return [one for one in judging.watched(at) if workspace in ("", one.workspace.slug)]
        wanted = Q(name=given, archived_at__isnull=True)
        with contextlib.suppress(ValueError):
            wanted |= Q(pk=uuid.UUID(given))
        rows = RegisteredModel.objects.filter(wanted).select_related("workspace")
        found = list(rows.filter(workspace__slug=workspace) if workspace else rows)
        if len(found) > 1:
            slugs = ", ".join(sorted(one.workspace.slug for one in found))
            raise CommandError(f"There are {len(found)} models {given!r}; choose one with --workspace {slugs}.")
        if not found:
            raise CommandError(f"No model {given!r}{f' in the workspace {workspace!r}' if workspace else ''}.")
        return found


def _moment(given: str) -> dt.datetime:
    if not given:
        return timezone.now()
    try:
        found = parse_datetime(given)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"--at is {given!r}; accepted: a time such as 2026-11-21T08:00 (UTC).")
    moment = found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)
    if moment > timezone.now() + dt.timedelta(minutes=5):
        raise CommandError(f"--at is {given!r}, which lies in the future; accepted: up to now.")
    return moment
