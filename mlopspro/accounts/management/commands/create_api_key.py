from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from mlopspro.accounts.management.lookup import user_of, workspace_named
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys


class Command(BaseCommand):
    help = "Makes an API key for a person and prints it, this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="Its owner, a member of the workspace.")
        parser.add_argument("--name", default="made by command")
        parser.add_argument(
            "--scope", action="append", choices=Scope.values, help="May be given several times; default: read."
        )
        parser.add_argument("--days", type=int, default=90, help="Until it expires; 0 = never (default: %(default)s).")
        parser.add_argument("--workspace", default="default", help="Slug of the workspace (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 <= options["days"] <= 3650:
            raise CommandError(f"--days: {options['days']}; 0 to 3650 are accepted.")
        expires_at = timezone.now() + dt.timedelta(days=options["days"]) if options["days"] else None
        try:
            made = keys.create_key(
                owner=user_of(options["email"]),
                workspace=workspace_named(options["workspace"]),
                name=options["name"],
                scopes=options["scope"] or [Scope.READ],
                expires_at=expires_at,
                actor=None,
            )
        except ValueError as error:
            raise CommandError(str(error)) from None
        # Alone on standard output, so that a script can take it.
        self.stdout.write(made.token)
