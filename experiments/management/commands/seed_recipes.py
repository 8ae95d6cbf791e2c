"""``manage.py seed_recipes``: the baseline recipes that ship with the product, in every workspace that lacks them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from experiments.services import recipes
from experiments.services.actors import workspace_of
from mlopspro.accounts.models import Workspace


class Command(BaseCommand):
    help = "Put the five baseline recipes into every workspace, approved. Does nothing where they are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="", help="Slug; all of them where it is left out")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["workspace"]
        for workspace in [workspace_of(slug)] if slug else Workspace.objects.order_by("created_at"):
            found = recipes.seed_baselines(workspace)
            if options["verbosity"]:
                self.stdout.write(f"{workspace.name}: {len(found)} baseline recipes")
