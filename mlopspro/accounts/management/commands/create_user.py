from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from mlopspro.accounts.management.lookup import workspace_named
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import people


class Command(BaseCommand):
    help = "Adds a person to a workspace and prints the path of the page where they set their password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="Display name.")
        parser.add_argument("--role", default=Role.VIEWER.value, choices=Role.values)
        parser.add_argument("--workspace", default="default", help="Slug of the workspace (default: %(default)s).")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
        except ValidationError:
            raise CommandError(
                f"email: {options['email']!r}; an address such as ada@example.org is accepted."
            ) from None
        try:
            invited = people.invite(
                workspace=workspace_named(options["workspace"]),
                email=options["email"],
                name=options["name"],
                role=Role(options["role"]),
                actor=None,
            )
        except people.Refused as refused:
            raise CommandError(str(refused)) from None
        user = invited.membership.user
        self.stdout.write(
            f"{user.email} is {invited.membership.get_role_display().lower()} in {invited.membership.workspace}."
        )
        if invited.created:
            self.stdout.write(f"Set a password (once) at: {people.password_link(user)}")
