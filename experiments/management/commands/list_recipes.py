"""``manage.py list_recipes``: the library as a table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from experiments.learning.families import Family
from experiments.models import Level, RecipeStatus
from experiments.selectors import recipes as rows
from experiments.services.actors import workspace_of


class Command(BaseCommand):
    help = "List recipes: name, family, level, status, newest and newest approved version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--family", default="", choices=["", *Family])
        parser.add_argument("--level", default="", choices=["", *Level.values])
        parser.add_argument(
            "--status", default="", choices=["", rows.ALL, *RecipeStatus.values], help="Default: all but archived"
        )
        parser.add_argument("--tag", default="")
        parser.add_argument("--q", default="", help="Words of the name, the description or the tags")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = {key: options[key] for key in ("q", "family", "level", "status", "tag")}
        found = list(rows.listed(workspace_of(options["workspace"]), **asked))
        if not found:
            self.stdout.write("None. Seed the baselines: manage.py seed_recipes")
        for recipe in found:
            above = f" < {recipe.parent.name}" if recipe.parent else ""
            approved = getattr(recipe, "approved_number", None) or "none"
            self.stdout.write(
                f"{recipe.name}{above}  {recipe.family}  {recipe.level}  {recipe.status}  "
                f"newest {getattr(recipe, 'latest_number', '')}, approved {approved}"
            )
