"""PostgreSQL refuses to run as root. Where we are root (a container, a fresh machine), it runs as an ordinary user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mlopspro.embedded import processes
from mlopspro.embedded.service import ServiceError

CANDIDATES = ("postgres", "_postgres", "mlopspro-postgres")
NEW_USER = "mlopspro-postgres"


def server_user(data: Path) -> str | None:
    """The user to run the server as, or None for the present one (who is not root).

    The owner of existing data stays its user; a new one is made only where no PostgreSQL user exists.
    """
    if os.geteuid() != 0:
        return None
    if data.exists():
        return pwd.getpwuid(data.stat().st_uid).pw_name
    for name in CANDIDATES:
        if _exists(name):
            return name
    result = subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NEW_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 and not _exists(NEW_USER):
        raise ServiceError(
            f"PostgreSQL does not run as root, and a user {NEW_USER!r} could not be made ({result.stderr.strip()}). "
            "Run as an ordinary user, or set DATABASE_URL to a server that runs"
        )
    return NEW_USER


def drop_command(argv: Sequence[str], user: str | None, folder: Path) -> tuple[list[str], str | None]:
    """The command line that runs ``argv`` as ``user`` on data in ``folder``, and the user to start it as.

    Folders above the installation may be closed to other users (/root is). Rather than open them, the server keeps
    one right of root's, to pass closed folders; where nothing is closed it keeps none.
    """
    if user is None or _can_run(argv[0], user, folder):
        return list(argv), user
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            f"the user {user!r}, as whom PostgreSQL must run, cannot reach {argv[0]} or {folder}. Put the installation "
            "and MLOPSPRO_VAR below folders that others may enter, or run as an ordinary user"
        )
    keep = ("--inh-caps", "+dac_override", "--ambient-caps", "+dac_override")
    return [setpriv, "--reuid", user, "--regid", _group(user), "--clear-groups", *keep, *argv], None


def _can_run(program: str, user: str, folder: Path) -> bool:
    # The shell enters the folder after the change of user; subprocess's own cwd would be entered before it.
    script = 'cd "$1" && exec "$2" --version'
    result = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(folder), program],
        cwd="/",
        capture_output=True,
        check=False,
        **processes.as_user(user),  # type: ignore[call-overload]
    )
    return bool(result.returncode == 0)


def _group(user: str) -> str:
    return str(pwd.getpwnam(user).pw_gid)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
