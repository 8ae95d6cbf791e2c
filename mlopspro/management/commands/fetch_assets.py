"""``manage.py fetch_assets``: put the front-end packages of package-lock.json into node_modules/."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mlopspro import assets, npm


class Command(BaseCommand):
    help = "Fetch the front-end files (fonts, charts) by the exact lock. Does nothing where they are there."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--force", action="store_true", help="fetch again even if everything is there")

    def handle(self, *args: Any, **options: Any) -> None:
        if npm.is_current() and not assets.missing() and not options["force"]:
            return
        self.stdout.write("Fetching fonts and charts …")
        try:
            npm.fetch()
        except npm.FetchError as error:
            raise CommandError(str(error)) from error
        if assets.missing():
            raise CommandError(f"npm finished, but these files are not there: {', '.join(assets.missing())}")
