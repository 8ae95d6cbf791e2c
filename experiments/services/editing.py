"""Changing what people write on a run: its name, its note, its tags. The run's figures are never touched."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from django.db import transaction

from experiments.models import Experiment
from experiments.services.labels import MAX_NAME_LENGTH, MAX_NOTE_LENGTH, MAX_TAGS, plain_text
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit


@dataclass(frozen=True)
class Tagged:
    """How many runs changed, and the names of those that were left as they are because they would hold too many."""

    changed: int
    full: tuple[str, ...] = ()


def rename(run: Experiment, name: str, actor: User) -> None:
    """Raises ValueError saying what is accepted."""
    cleaned = plain_text(name)
    if not cleaned or len(cleaned) > MAX_NAME_LENGTH or "\n" in cleaned:
        raise ValueError(f"Name: {cleaned[:40]!r} is not accepted; one line of 1 to {MAX_NAME_LENGTH} characters is.")
    _write(run, "name", cleaned, actor)


def write_note(run: Experiment, note: str, actor: User) -> None:
    """Plain text; empty removes the note. Raises ValueError saying what is accepted."""
    cleaned = plain_text(note.replace("\r\n", "\n"))
    if len(cleaned) > MAX_NOTE_LENGTH:
        raise ValueError(f"Note: {len(cleaned)} characters are too many; up to {MAX_NOTE_LENGTH} are accepted.")
    _write(run, "notes", cleaned, actor)


def add_tags(workspace: Workspace, runs: Collection[Experiment], tags: list[str], actor: User) -> Tagged:
    """Adds to each run those of the tags it does not have. A run that would hold more than MAX_TAGS stays as it is."""
    return _retag(workspace, runs, actor, lambda present: [*present, *(tag for tag in tags if tag not in present)])


def remove_tags(workspace: Workspace, runs: Collection[Experiment], tags: list[str], actor: User) -> Tagged:
    return _retag(workspace, runs, actor, lambda present: [tag for tag in present if tag not in tags])


def _retag(
    workspace: Workspace, runs: Collection[Experiment], actor: User, wanted: Callable[[list[str]], list[str]]
) -> Tagged:
    changed = 0
    full: list[str] = []
    with transaction.atomic():
        rows = Experiment.objects.select_for_update(of=("self",)).select_related("workspace")
        for run in rows.filter(workspace=workspace, pk__in=[run.pk for run in runs]).order_by("pk"):
            before, after = list(run.tags), wanted(run.tags)
            if after == before:
                continue
            if len(after) > MAX_TAGS:
                full.append(run.name)
                continue
            run.tags = after
            run.save(update_fields=["tags"])
            _record(run, actor, {"tags": before}, {"tags": after})
            changed += 1
    return Tagged(changed, tuple(full))


def _write(run: Experiment, field: str, value: str, actor: User) -> None:
    with transaction.atomic():
        locked = Experiment.objects.select_for_update(of=("self",)).get(pk=run.pk)
        before = getattr(locked, field)
        if before == value:
            return
        setattr(locked, field, value)
        locked.save(update_fields=[field])
        _record(locked, actor, {field: before}, {field: value})
    setattr(run, field, value)


def _record(run: Experiment, actor: User, before: dict[str, object], after: dict[str, object]) -> None:
    audit.record(action="edit_experiment", actor=actor, workspace=run.workspace, obj=run, before=before, after=after)
