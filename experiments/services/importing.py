"""Files on their way to a dataset: staged, looked at by a person, confirmed, read, stored."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from experiments.jobs import attempt, lifecycle, queue
from experiments.jobs.context import JobContext, JobFailed
from experiments.learning.data import imports, statistics, synthetic
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.findings import findings
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.quarantine import Quarantine
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.base import Detected, Role
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.snapshot import Snapshot, read_snapshot, write_snapshot
from experiments.learning.data.tables.options import is_table
from experiments.learning.data.validation import Report, Validated
from experiments.models import Dataset, DatasetImport, FailureKind, JobStatus
from experiments.models.job import JobStateError
from experiments.services import table_work
from experiments.services.spec import Problem, Refused, problems_of
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

ROLES: tuple[Role, ...] = ("interactions", "test", "users", "items")
SYNTHETIC = "synthetic"
COMPOSED, SNAPSHOT = "composed", "snapshot"  # data that was put together here (composed_data.py)
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
PROGRESS_STEP = 100_000


@dataclass(frozen=True)
class Upload:
    """One file as it arrives: its role, the name it had, and its bytes in chunks."""

    role: Role
    name: str
    chunks: Iterable[bytes]


def stage(
    *, workspace: Workspace, actor: User, uploads: list[Upload], name: str = "", family: str = ""
) -> DatasetImport:
    """Stores the files as a draft and looks at them; ``family`` says what for, empty or recommendation: interactions.

    Raises Refused with what is wrong with which file.
    """
    options = {"family": family} if is_table({"family": family}) else {}
    if not any(upload.role == "interactions" for upload in uploads):
        raise Refused([Problem("interactions", "no file was given; accepted: a file with one interaction a row")])
    _refuse_more_files([upload.role for upload in uploads], options)
    draft = DatasetImport(
        workspace=workspace,
        created_by=actor,
        status=JobStatus.DRAFT,
        max_attempts=settings.JOB_MAX_ATTEMPTS,
        options=options,
        name=name.strip()[:200] or Path(uploads[0].name).stem[:200] or "Dataset",
    )
    draft.folder = f"imports/{draft.pk.hex}"
    try:
        for upload in uploads:
            draft.files[upload.role] = _store(draft.path / upload.role, upload)
        detected = registry.detect(paths(draft)["interactions"])
    except DatasetError as error:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise Refused([Problem("interactions", str(error))]) from error
    except BaseException:
        shutil.rmtree(draft.path, ignore_errors=True)
        raise
    draft.format, draft.detected = detected.format, detected.as_dict()
    draft.save(force_insert=True)
    return draft


def _refuse_more_files(roles: list[Role], options: Mapping[str, Any]) -> None:
    more = [role for role in roles if role != "interactions"]
    if more and is_table(dict(options)):
        raise Refused([Problem(more[0], "belongs to interactions; a table is one file, with all of its columns")])


def _store(folder: Path, upload: Upload) -> dict[str, Any]:
    """Writes one upload under a name made safe; refuses what is larger than allowed before it fills the disk."""
    safe = UNSAFE.sub("_", Path(upload.name.replace("\\", "/")).name).lstrip(".")[-100:] or "file"
    folder.mkdir(parents=True)
    size = 0
    with (folder / safe).open("wb") as file:
        for chunk in upload.chunks:
            size += len(chunk)
            if size > settings.MAX_UPLOAD_BYTES:
                limit = settings.MAX_UPLOAD_BYTES // 1024**2
                raise Refused(
                    [Problem(upload.role, f"{upload.name} is larger than {limit} MB; use manage.py import_dataset")]
                )
            file.write(chunk)
    return {"name": upload.name[:200], "stored": safe, "size": size}


def paths(job: DatasetImport) -> dict[Role, Path]:
    """File of each role: as ``_store`` named it, or where a command of this machine said it is (import_here)."""
    return {
        role: Path(entry["here"]) if "here" in (entry := job.files[role]) else job.path / role / entry["stored"]
        for role in ROLES
        if role in job.files
    }


def review(draft: DatasetImport, options: Mapping[str, Any], format_key: str | None = None) -> Detected:
    """How the draft would be read with these options. Raises Refused naming the option that does not fit."""
    return look(paths(draft)["interactions"], options, format_key or draft.format)


def look(path: Path, options: Mapping[str, Any], format_key: str | None = None) -> Detected:
    """How a file of this machine would be read. Raises Refused."""
    try:
        return registry.detect(path, _options(options), format_key)
    except DatasetError as error:
        raise Refused([Problem(error.field, str(error))]) from error


def _options(options: Mapping[str, Any]) -> ReadOptions:
    try:
        return ReadOptions.model_validate(dict(options))
    except ValidationError as error:
        raise Refused(problems_of(error)) from error


def confirm(
    draft: DatasetImport, *, options: Mapping[str, Any], actor: User, name: str = "", format_key: str = ""
) -> DatasetImport:
    """Draft (or failed) → queued, read as a person has confirmed. Raises Refused."""
    typed = _typed(draft, options, format_key or draft.format)
    with transaction.atomic():
        job = DatasetImport.objects.select_for_update(of=("self",)).get(pk=draft.pk)
        job.name = (name or job.name).strip()[:200]
        _require_free_name(job)
        job.options = typed
        job.format = registry.get(format_key or job.format).key
        _queue(job, actor)
    return job


def _typed(job: DatasetImport, options: Mapping[str, Any], format_key: str) -> dict[str, Any]:
    """The options as they are kept with the job. Raises Refused naming the one that does not fit."""
    if is_table(dict(options)):
        _refuse_more_files(list(paths(job)), options)
        found = table_work.checked(paths(job)["interactions"], options, format_key)
        return found.model_dump(mode="json", exclude_none=True)
    return _options(options).model_dump(mode="json", exclude_none=True)


def _require_free_name(job: DatasetImport) -> None:
    if Dataset.objects.filter(workspace=job.workspace, name=job.name, deleted_at__isnull=True).exists():
        raise Refused([Problem("name", f"there is a dataset {job.name!r} already; choose another name")])


def _queue(job: DatasetImport, actor: User | None) -> None:
    try:
        job.enqueue()
    except JobStateError as error:
        raise Refused([Problem("name", str(error))]) from error
    job.save()
    audit.record(action="import_dataset", actor=actor, workspace=job.workspace, obj=job, after={"format": job.format})
    queue.ring_on_commit(DatasetImport.KIND)


def discard(draft: DatasetImport, actor: User) -> None:
    """Removes a draft, or what is left of an import that ended without a dataset, with its files."""
    with transaction.atomic():
        job = DatasetImport.objects.select_for_update(of=("self",)).get(pk=draft.pk)
        if job.is_active:
            raise JobStateError(f"The import is {job.status_label.lower()}; stop it first.")
        if job.dataset_id is None:
            folder = job.path
            job.delete()
            transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
    audit.record(action="discard_import", actor=actor, workspace=draft.workspace, label=draft.name)


def import_synthetic(
    *, workspace: Workspace, actor: User | None, name: str = "Synthetic", **settings_of_it: int
) -> DatasetImport:
    """Queues the making of the documented sample data (docs/synthetic-data.md)."""
    return queue_made(workspace=workspace, actor=actor, name=name, options=settings_of_it)


def queue_made(
    *,
    workspace: Workspace,
    actor: User | None,
    name: str,
    options: Mapping[str, Any],
    made_by: str = SYNTHETIC,
    pk: uuid.UUID | None = None,
) -> DatasetImport:
    """Queues data that is made, not read: interactions, or the table of the family that ``options`` name."""
    job = DatasetImport(
        pk=pk or uuid.uuid4(),
        workspace=workspace,
        created_by=actor,
        status=JobStatus.DRAFT,
        name=name.strip()[:200],
        format=made_by,
        options=dict(options),
        max_attempts=settings.JOB_MAX_ATTEMPTS,
    )
    job.folder = f"imports/{job.pk.hex}"
    _require_free_name(job)
    with transaction.atomic():
        _queue(job, actor)
    return job


def import_here(
    *,
    workspace: Workspace,
    actor: User | None,
    files: Mapping[Role, Path],
    name: str,
    format_key: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> DatasetImport:
    """Imports files of this machine in this process, without copying them; for commands. Raises Refused."""
    try:
        key = registry.get(format_key or registry.sniff(files["interactions"])).key
    except DatasetError as error:
        raise Refused([Problem(error.field, str(error))]) from error
    job = DatasetImport(
        workspace=workspace,
        created_by=actor,
        status=JobStatus.DRAFT,
        name=name.strip()[:200],
        format=key,
        max_attempts=1,
    )
    job.folder = f"imports/{job.pk.hex}"
    job.files = {role: {"name": path.name, "here": str(path.resolve())} for role, path in files.items()}
    job.options = _typed(job, options or {}, key)
    _require_free_name(job)
    job.enqueue()
    # Not to be taken by a worker: its files may not be where that one runs.
    job.not_before = timezone.now() + dt.timedelta(days=1)
    job.save(force_insert=True)
    return carry_out_here(job)


def carry_out_here(job: DatasetImport) -> DatasetImport:
    """Claims this job and carries it out in this process."""
    DatasetImport.objects.filter(pk=job.pk).update(not_before=None)
    lease = lifecycle.claim(DatasetImport.KIND, job.pk)
    if lease is not None:
        attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: None)
    job.refresh_from_db()
    return job


def run_import(context: JobContext) -> None:
    """The work of one attempt: read and judge every row, describe, write the snapshot, add the dataset."""
    job: DatasetImport = context.job
    folder = f"datasets/{job.pk.hex}-{context.lease.token}"
    try:
        made = _make_table if is_table(job.options) else _make_interactions
        snapshot, report, fields = made(context, job, Path(settings.DATA_ROOT) / folder)
    except DatasetError as error:
        raise JobFailed(str(error), FailureKind.BAD_INPUT) from error

    def write(row: DatasetImport) -> None:
        row.report = report.as_dict() if report else {}
        row.dataset = _add_dataset(row, folder, snapshot, fields)

    context.end(JobStatus.COMPLETED, also=write)
    shutil.rmtree(job.path, ignore_errors=True)


Made = tuple[Snapshot, Report | None, dict[str, Any]]
"""A written snapshot, what became of the rows, and the fields of its dataset."""


def _make_interactions(context: JobContext, job: DatasetImport, folder: Path) -> Made:
    interactions, refused, report = _read(context, job)
    context.phase("Describing")
    fields = _fields(interactions)
    fields |= {"statistics": statistics.describe(interactions), "findings": findings(interactions, report)}
    context.phase("Storing")
    return write_snapshot(interactions, refused, folder), report, fields


def _make_table(context: JobContext, job: DatasetImport, folder: Path) -> Made:
    if job.format == SYNTHETIC:
        context.phase("Generating")
        made = table_work.generate(job.options)
    else:
        context.phase("Reading")
        if job.format == COMPOSED:
            made = table_work.composed(job.path / SNAPSHOT, job.options)
        else:
            made = table_work.read(paths(job)["interactions"], job.format, job.options, _counting(context))
    snapshot, fields = table_work.store(context, made, folder)
    return snapshot, made.report, fields


def _read(context: JobContext, job: DatasetImport) -> tuple[Interactions, Any, Report | None]:
    if job.format == SYNTHETIC:
        context.phase("Generating")
        return synthetic.generate(**job.options), Quarantine().frame(), None
    context.phase("Reading")
    if job.format == COMPOSED:
        return read_snapshot(job.path / SNAPSHOT), Quarantine().frame(), None
    options = ReadOptions.model_validate(job.options)
    validated: Validated = imports.load(paths(job), job.format, options, _counting(context))
    return validated.interactions, validated.refused, validated.report


def _counting(context: JobContext) -> Callable[[int], None]:
    """Tells the job's page how many rows were read, not more often than it is worth."""
    shown = 0

    def progress(rows: int) -> None:
        nonlocal shown
        if rows - shown >= PROGRESS_STEP:
            shown = rows
            context.progress(rows)

    return progress


def _add_dataset(job: DatasetImport, folder: str, snapshot: Snapshot, fields: dict[str, Any]) -> Dataset:
    report = job.report
    source = {
        "format": job.format,
        "files": {role: entry["name"] for role, entry in job.files.items()},
        "options": job.options,
        "report": report,
    }
    return Dataset.objects.create(
        workspace=job.workspace,
        created_by=job.created_by,
        name=_free_name(job),
        sha256=snapshot.sha256,
        folder=folder,
        size_bytes=snapshot.size_bytes,
        num_refused=report.get("rows_refused", 0),
        num_duplicates=report.get("rows_merged", 0),
        **fields | {"source": source | fields.get("source", {})},
    )


def _fields(data: Interactions) -> dict[str, Any]:
    """What a Dataset says of interactions."""
    times = data.timestamp
    return {
        "feedback": data.feedback,
        "num_users": data.num_users,
        "num_items": data.num_items,
        "num_interactions": len(data),
        "scale_min": data.scale[0] if data.scale else None,
        "scale_max": data.scale[1] if data.scale else None,
        "first_at": _moment(int(times.min())) if times is not None else None,
        "last_at": _moment(int(times.max())) if times is not None else None,
        "has_timestamps": times is not None,
        "has_given_split": data.part is not None,
        "user_features": _names(data.users),
        "item_features": [name for name in _names(data.items) if name != "title"],
    }


def _names(features: Any) -> list[str]:
    return [] if features is None else [str(name) for name in features.columns]


def _free_name(job: DatasetImport) -> str:
    """The asked name; if somebody took it while this was read, with a number."""
    taken = set(
        Dataset.objects.filter(workspace=job.workspace, name__startswith=job.name, deleted_at__isnull=True).values_list(
            "name", flat=True
        )
    )
    number, name = 2, job.name
    while name in taken:
        name, number = f"{job.name[:190]} ({number})", number + 1
    return name


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
