"""``manage.py ship_predictions``: the process that brings the web processes' log entries into the database."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from monitoring.services import beats, shipping, vital_signs
from monitoring.services.spool import oldest_pending, pending_bytes, spool_folder


class Command(BaseCommand):
    help = "Write the log entries of this machine's web processes to the database, until it is told to stop."
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="ship what lies there now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = spool_folder()
        if options["once"]:
            done = shipping.ship_once(folder)
            self.stdout.write(
                f"{done.rows} rows written, {done.doubled} known already, {done.refused} refused; "
                f"{done.segments_done} segments removed"
            )
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        vital_signs.register()
        beats.start("log-shipper", details=lambda: {"spool": _waiting(folder)})
        shipping.run(stop, folder)
        beats.stop()


def _waiting(folder: Path) -> dict[str, Any]:
    """What is not in the database yet, as the health page shows it."""
    oldest = oldest_pending(folder)
    return {"bytes": pending_bytes(folder), "oldest": oldest.isoformat() if oldest is not None else None}
