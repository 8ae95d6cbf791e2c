"""Processes that tests of the spool kill: a writer, and a shipper that dies at a named point. Run with ``-m``."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import django
from django.conf import settings

django.setup()
settings.DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE"]


def main(act: str, folder: Path, *rest: str) -> None:
    from django.db import connection

    connection.settings_dict["NAME"] = os.environ["TEST_DATABASE"]
    from django.utils import timezone

    from monitoring.services import segments, shipping
    from monitoring.services.log_rows import LoggedPrediction
    from monitoring.services.prediction_ids import new_id
    from monitoring.services.spool import Spool

    if act == "write":
        spool, now = Spool(folder, max_bytes=20_000), timezone.now()
        for number in range(int(rest[1])):
            spool.append(LoggedPrediction(new_id(now), now, int(rest[0]), user=str(number), items=["1"]))
        sys.stdout.write("written\n")
        sys.stdout.flush()
        time.sleep(60)
    if act == "ship":
        if rest[0] == "before-commit":
            # The batch is in the transaction, its commit is not asked for yet.
            connection.run_on_commit = []
            connection.ensure_connection()
            connection.connection.commit = lambda: os.kill(os.getpid(), signal.SIGKILL)
        elif rest[0] == "after-commit":
            segments.remember_shipped = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        elif rest[0] == "before-removal":
            segments.Unused.remove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        shipping.ship_once(folder)


main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
