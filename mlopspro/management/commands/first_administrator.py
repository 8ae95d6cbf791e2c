"""``manage.py first_administrator``: the one person who can sign in to an empty installation."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from mlopspro.accounts.services.bootstrap import ensure_first_admin


class Command(BaseCommand):
    help = (
        "Make the first administrator of an empty installation and show the password, once. MLOPSPRO_ADMIN_EMAIL and "
        "MLOPSPRO_ADMIN_PASSWORD choose them. Does nothing where there is one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        first = ensure_first_admin()
        if first.created and first.password:
            self.stdout.write("First administrator, shown this once:")
            self.stdout.write(f"\n      e-mail    {first.email}\n      password  {first.password}\n\n")
