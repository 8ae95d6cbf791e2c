"""Files of a version: its own copy of what its run left, checked against the recorded SHA-256 whenever it counts.

A version's folder is filled beside its place and renamed into it when every file is there and right; only then is the
version's row written. What a crash in between leaves is a folder without a row, which ``sweep`` removes.
"""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings

from experiments.learning import atomic
from experiments.learning.families import Family
from experiments.models import Artifact, ModelFile, ModelVersion, RegisteredModel
from experiments.services.spec import Problem, Refused
from experiments.services.stored_files import FileMissing, Stored, file_of

STAGING = ".staging-"
ORPHAN_AGE_SECONDS = 3600.0


@dataclass(frozen=True)
class FileProblem:
    """A file that is missing or is not the one that was registered, in words for people."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


def take(model: RegisteredModel, version_id: uuid.UUID, artifacts: Iterable[Artifact]) -> list[ModelFile]:
    """Puts the run's files into the version's folder; rows (not saved) that describe them.

    Hard links where the file system allows, so that a version costs no space; else copies. Raises Refused naming each
    file that is missing or has other content than was recorded; nothing is left behind then.
    """
    place = Path(settings.DATA_ROOT) / model.folder / version_id.hex
    staging = place.with_name(f"{STAGING}{version_id.hex}")
    rows, problems = [], []
    try:
        staging.mkdir(parents=True)
        for artifact in artifacts:
            problem = _take_one(artifact, staging)
            if problem:
                problems.append(Problem("files", f"{artifact.name}: {problem}"))
            rows.append(_row(version_id, artifact, f"{model.folder}/{version_id.hex}"))
        if problems or not rows:
            raise Refused(problems or [Problem("files", "The run has no files, so there is no model to register.")])
        atomic.publish(staging, place)
    except OSError as error:
        raise Refused([Problem("files", f"The files could not be copied: {error.strerror or error}")]) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return rows


def discard(model: RegisteredModel, version_id: uuid.UUID) -> None:
    """Removes the folder of a version whose row was not written after all."""
    shutil.rmtree(Path(settings.DATA_ROOT) / model.folder / version_id.hex, ignore_errors=True)


def verify_files(version: ModelVersion) -> list[FileProblem]:
    """Every file of the version that is missing or damaged; empty where all are as registered. Reads them all."""
    files = list(version.files.all())
    if not files:
        return [FileProblem("files", "no file is recorded for this version")]
    return [FileProblem(file.name, problem) for file in files if (problem := problem_of(file))]


def problem_of(stored: Stored) -> str:
    """What is wrong with a recorded file, "" where nothing is."""
    try:
        digest = atomic.sha256_of(file_of(stored))
    except FileMissing:
        return "the file is missing"
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"
    if digest != stored.sha256:
        return f"its content changed: SHA-256 is {digest[:12]}…, not the recorded {stored.sha256[:12]}…"
    return ""


def load_scorer(version: ModelVersion) -> Any:
    """The version's scorer, each file checked against its SHA-256 on the bytes that are used.

    A Scorer of ``learning.recommenders`` or a TableScorer of ``learning.tabular``, by the model's family. Raises
    ArtifactError where a file is missing, damaged or holds no scorer.
    """
    digests = {file.name: file.sha256 for file in version.files.all()}
    if Family(version.model.family).is_tabular:
        from experiments.learning.tabular.artifacts import load_table_scorer_from

        return load_table_scorer_from(version.path, digests)
    from experiments.learning.artifacts import load_scorer_from

    return load_scorer_from(version.path, digests)


def fetch(version: ModelVersion, target: Path) -> list[Path]:
    """Copies the version's files to ``target`` (made where it is missing), checked after copying.

    Raises Refused where a file is missing or damaged, or ``target`` holds a file of that name already.
    """
    files = list(version.files.all())
    taken = [file.name for file in files if (target / file.name).exists()]
    if taken:
        raise Refused([Problem("to", f"{target} holds {taken[0]} already; accepted: a folder without such files")])
    if problems := verify_files(version):
        raise Refused([Problem("files", str(problem)) for problem in problems])
    written = []
    for file in files:
        path = target / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file_of(file), path)
        if atomic.sha256_of(path) != file.sha256:
            path.unlink()
            raise Refused([Problem("files", f"{file.name}: it changed while it was copied; try again")])
        written.append(path)
    return written


def sweep(older_than_seconds: float = ORPHAN_AGE_SECONDS) -> int:
    """Removes folders that a crash left without a row; returns how many. Young ones may be in the making."""
    root = Path(settings.DATA_ROOT) / "models"
    old = time.time() - older_than_seconds
    found = {path for path in root.glob("*/*/*") if path.is_dir() and path.stat().st_mtime < old}
    known = {key.hex for key in ModelVersion.objects.filter(pk__in=_ids(found)).values_list("pk", flat=True)}
    orphans = [path for path in found if path.name not in known]
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return len(orphans)


def _ids(paths: Iterable[Path]) -> list[uuid.UUID]:
    found = []
    for path in paths:
        try:
            found.append(uuid.UUID(hex=path.name))
        except ValueError:
            continue
    return found


def _take_one(artifact: Artifact, folder: Path) -> str:
    """Why the file could not be taken, "" where it was."""
    name = PurePosixPath(artifact.name)
    if name.is_absolute() or ".." in name.parts:
        return "its name leads out of the folder"
    try:
        source = file_of(artifact)
    except FileMissing:
        return "the file is missing"
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        with target.open("rb") as stream:
            os.fsync(stream.fileno())
    digest = atomic.sha256_of(target)
    if digest != artifact.sha256:
        return f"its content changed: SHA-256 is {digest[:12]}…, not the recorded {artifact.sha256[:12]}…"
    return ""


def _row(version_id: uuid.UUID, artifact: Artifact, folder: str) -> ModelFile:
    return ModelFile(
        version_id=version_id,
        name=artifact.name,
        kind=artifact.kind,
        path=f"{folder}/{artifact.name}",
        size_bytes=artifact.size_bytes,
        sha256=artifact.sha256,
    )
