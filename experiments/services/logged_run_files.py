"""Files of runs that were logged elsewhere: listed with their sizes, and the small ones of ended runs copied here.

A file's name there is shown and never used as a path: a copy lies under the hash of its name, in the run's folder.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from experiments.models import Artifact, Experiment, LoggedRun
from experiments.services.logged_run_content import clean
from experiments.tracking.protocol import TrackerError, TrackerUnavailable
from experiments.tracking.reader import RemoteFile, RunReader

MAX_FILES = 500
ARTIFACT_NAME_LENGTH = 120
KIND = "logged"


@dataclass(frozen=True)
class Listing:
    """Files of a run there; ``remark`` where they could not be listed or not all of them."""

    files: tuple[RemoteFile, ...] = ()
    remark: str = ""
    complete: bool = True


def listed(reader: RunReader, external_id: str) -> Listing:
    """Never fails: a file store that is away must not keep the run itself from being read."""
    try:
        found, whole = reader.files(external_id, MAX_FILES)
    except TrackerError as error:
        return Listing(remark=f"Its files could not be listed: {error}.", complete=False)
    rest = f"The first {len(found):,} of its files are listed." if not whole else ""
    return Listing(tuple(sorted(found, key=lambda file: file.path)), rest)


def entries(files: tuple[RemoteFile, ...], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What LoggedRun.files says: each file, and whether a copy of this size is here already."""
    copies = {(entry["path"], entry["size_bytes"]) for entry in known if entry.get("copied")}
    return [
        {"path": path, "size_bytes": file.size_bytes, "copied": (path, file.size_bytes) in copies}
        for file in files
        for path in [clean(file.path)]
    ]


def wanted(logged: LoggedRun) -> list[dict[str, Any]]:
    """The entries to copy: small ones in order, as long as the run's copies stay within the limit for all of them."""
    total = sum(entry["size_bytes"] for entry in logged.files if entry["copied"])
    chosen = []
    for entry in logged.files:
        size = entry["size_bytes"]
        if entry["copied"] or not 0 <= size <= settings.LOGGED_FILE_BYTES:
            continue
        if total + size <= settings.LOGGED_RUN_BYTES:
            total += size
            chosen.append(entry)
    return chosen


def place_of(run: Experiment, path: str) -> str:
    """Where a copy lies, relative to the data root: made by us, from the hash of its name there."""
    return f"{run.folder}/logged/{hashlib.sha256(path.encode()).hexdigest()[:32]}"


def copy(reader: RunReader, run: Experiment, logged: LoggedRun) -> str:
    """Copies what is wanted and notes it on ``logged`` (which the caller saves); what went wrong, or "".

    Safe to be killed anywhere: a file is put in place by a rename before its row is written, and written again alike.
    """
    trouble = ""
    for entry in wanted(logged):
        place = place_of(run, entry["path"])
        file = Path(settings.DATA_ROOT) / place
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        try:
            digest = reader.download(logged.external_id, entry["path"], partial, settings.LOGGED_FILE_BYTES)
            size = partial.stat().st_size
            partial.rename(file)
        except TrackerError as error:
            partial.unlink(missing_ok=True)
            trouble = f"Not every small file could be copied: {error}."
            if isinstance(error, TrackerUnavailable):
                break
            continue
        Artifact.objects.update_or_create(
            experiment=run,
            path=place,
            defaults={
                "name": _name(entry["path"], place),
                "kind": KIND,
                "size_bytes": size,
                "sha256": digest,
            },
        )
        entry["copied"] = True
    return trouble


def _name(path: str, place: str) -> str:
    """The file's name there, shortened from the front; unique among the run's files as its place is."""
    if len(path) <= ARTIFACT_NAME_LENGTH:
        return path
    return f"{place[-8:]}…{path[-(ARTIFACT_NAME_LENGTH - 9) :]}"
