from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import F

from mlopspro.accounts.events import Event
from mlopspro.accounts.management.lookup import user_of
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit


class Command(BaseCommand):
    help = "Gives an operator a new random password, prints it once and ends all their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", default="", help="Which operator; may be left out where there is only one.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_of(options["email"]) if options["email"] else self._only_operator()
        if not user.is_superuser:
            raise CommandError(f"--email: {user.email} is not an operator; an operator's address is accepted.")
        password = secrets.token_urlsafe(18)
        with transaction.atomic():
            user.set_password(password)
            user.is_active = True
            user.save(update_fields=["password", "is_active"])
            User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
            audit.record(action=Event.PASSWORD_CHANGED, obj=user, reason="By command, on the machine itself.")
        self.stdout.write(f"E-mail:   {user.email}\nPassword: {password}")

    def _only_operator(self) -> User:
        found = list(User.objects.filter(is_superuser=True)[:2])
        if len(found) != 1:
            raise CommandError("--email: left out, but there is not exactly one operator; give an address.")
        return found[0]
