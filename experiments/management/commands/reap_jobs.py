"""Find lost attempts now, without waiting for the scheduled sweep."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from experiments.jobs import lifecycle


class Command(BaseCommand):
    help = "Queue again, or fail, every job whose worker was not heard of for longer than its lease."

    def handle(self, *args: Any, **options: Any) -> None:
        found = lifecycle.reap()
        self.stdout.write(f"{found} lost attempt{'' if found == 1 else 's'} found")
