"""Secrets that are made once on this machine and never shown."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from mlopspro.embedded.paths import secrets_dir


def secret(name: str) -> str:
    """The secret of that name from var/secrets, made from 32 random bytes on first use.

    Two processes that ask at the same time get the same one: the file appears complete or not at all.
    """
    path = secrets_dir() / name
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w") as handle:
                handle.write(secrets.token_urlsafe(32))
            os.link(temporary, path)  # fails where somebody else was first
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink()
    return path.read_text().strip()
