"""What manage.py needs before it runs a command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from mlopspro.embedded import lifecycle
from mlopspro.embedded.paths import read_dotenv
from mlopspro.embedded.service import ServiceError

WITHOUT_SERVICES = frozenset(
    {"help", "version", "check", "collectstatic", "findstatic", "fetch_assets", "diffsettings", "startapp", "test"}
)
"""Commands that ask no database; everything else finds or starts PostgreSQL and Redis."""


def prepare_for_command(argv: Sequence[str]) -> None:
    """Start what the command of ``argv`` needs, before Django's settings are read.

    Services that were started for this command stop when it ends, unless others use them by then. ``up`` starts its
    own, saying so; for it, only ports that another program took meanwhile are replaced.
    Exits with a plain message where a service does not start.
    """
    read_dotenv()
    command = argv[1] if len(argv) > 1 else "help"
    if command.startswith("-") or command in WITHOUT_SERVICES or {"-h", "--help"} & set(argv):
        return
    try:
        lifecycle.settle_ports("postgres", "redis", "mlflow")
        if command == "up":
            return
        _end_on_sigterm()
        lifecycle.ensure_running("postgres", "redis")
    except (ServiceError, RuntimeError) as error:
        sys.exit(f"{error}")


def _end_on_sigterm() -> None:
    """Let SIGTERM end a command the way Ctrl-C does, so that services it started are stopped."""
    if os.name == "posix" and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
