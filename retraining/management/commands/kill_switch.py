"""``manage.py kill_switch on|off``: stop all retraining of a workspace, or let it go on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from experiments.services.actors import actor_of, workspace_of
from retraining.services import kill_switch


class Command(BaseCommand):
    help = "Turn the kill switch of retraining on or off, or say how it stands."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("turn", nargs="?", choices=("on", "off"), help="Without it, says how it stands")
        parser.add_argument("--reason", default="", help="Kept with it")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it is done")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = workspace_of(options["workspace"])
        if options["turn"]:
            kill_switch.turn(
                workspace, on=options["turn"] == "on", actor=actor_of(options["actor"]), reason=options["reason"]
            )
        stands = "on: no model retrains" if kill_switch.is_on(workspace) else "off"
        self.stdout.write(f"The kill switch is {stands}.")
