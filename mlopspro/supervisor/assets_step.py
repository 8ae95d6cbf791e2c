"""Collecting static files only when one of them changed: it takes seconds, a look at their dates does not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from mlopspro.embedded.paths import var_dir


def collect_if_changed() -> bool:
    """Run ``collectstatic`` if sources differ from those last collected. Returns whether it ran."""
    stamp = var_dir() / "static.stamp"
    now = fingerprint()
    root = Path(settings.STATIC_ROOT)
    if root.is_dir() and stamp.is_file() and stamp.read_text() == now:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(now)
    return True


def fingerprint() -> str:
    """A digest of name, size and date of every static source file, and of how they are stored."""
    entries = [
        (path, storage.size(path), storage.get_modified_time(path).isoformat())
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    described = json.dumps([sorted(entries), settings.STORAGES["staticfiles"], str(settings.STATIC_ROOT)])
    return hashlib.sha256(described.encode()).hexdigest()
