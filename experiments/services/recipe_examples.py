"""The synthetic example of a recipe: data whose truth is known, and a real run on it from the recipe itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.models import Dataset, DatasetImport, Experiment, JobStatus, Recipe, RecipeExample, RecipeVersion
from experiments.models.job import ACTIVE
from experiments.recipes.examples import sketch
from experiments.services import importing, tables
from experiments.services import recipe_rules as rules
from experiments.services import recipe_versions as versions
from experiments.services.recipe_launch import launch_version
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

MAX_SEED = 2**31 - 1
WAIT_SECONDS = 120.0
_PAUSE_SECONDS = 0.2


def make_example(
    recipe: Recipe,
    *,
    actor: User | None,
    seed: int = 0,
    launch: bool = True,
    through: str = "page",
    sizes: Mapping[str, int] | None = None,
) -> RecipeExample:
    """Columns, first rows, truth and dataset of the family's generator and, unless ``launch`` is false, a queued run.

    The run is of the newest approved version, or of the newest draft where none is. Asked again for the same seed it
    returns what is there; a run that failed, and a newer approved version, get a new run. Data of one family and seed
    is made once and shared by its recipes. Takes seconds: the data is made here, or waited for where a worker does.

    Raises Refused: ``seed``, ``sizes``, ``dataset``, or what the launch refuses.
    """
    if not 0 <= seed <= MAX_SEED:
        raise Refused([Problem("seed", f"is {seed}; accepted: a whole number from 0 to {MAX_SEED}")])
    family = Family(recipe.family)
    asked = dict(sizes or {})
    version = _version(recipe) if launch else None
    try:
        made = sketch(family, seed, **asked)
    except (DatasetError, TypeError) as error:
        raise Refused([Problem("sizes", str(error))]) from error
    dataset = _dataset(recipe.workspace, actor, family, seed, asked)
    with transaction.atomic():
        locked = versions.lock(recipe)
        present = RecipeExample.objects.filter(recipe=locked).select_related("experiment").first()
        run = present.experiment if present is not None and present.dataset_id == dataset.pk else None
        if version is not None and not _still_good(run, version):
            run = launch_version(
                version,
                dataset=dataset,
                actor=actor,
                through=through,
                name=f"Example of {recipe.name} {version.number}"[:200],
                tags=["example"],
            )
        if present is not None and (present.seed, present.dataset_id, present.experiment) == (seed, dataset.pk, run):
            return present
        fields = {"schema": made.schema, "sample_rows": made.sample_rows, "truth": made.truth}
        found, _ = RecipeExample.objects.update_or_create(
            recipe=locked,
            defaults=fields | {"seed": seed, "dataset": dataset, "experiment": run, "created_at": timezone.now()},
        )
        audit.record(
            action="make_recipe_example",
            actor=actor,
            workspace=locked.workspace,
            obj=locked,
            after={"seed": seed, "dataset": dataset.name, "run": str(run.pk) if run else ""},
        )
    return found


def _version(recipe: Recipe) -> RecipeVersion:
    found = rules.usable_version(recipe)
    found.recipe = recipe
    return found


def _still_good(run: Experiment | None, version: RecipeVersion) -> bool:
    if run is None or run.deleted_at is not None or run.recipe_version_id != version.pk:
        return False
    return run.state not in (JobStatus.FAILED, JobStatus.CANCELLED)


def _dataset(workspace: Workspace, actor: User | None, family: Family, seed: int, sizes: dict[str, int]) -> Dataset:
    """The synthetic dataset of a family and seed; made here unless it is there or on its way."""
    options: dict[str, Any] = {"seed": seed, **sizes}
    if family.is_tabular:
        options["family"] = family.value
    jobs = DatasetImport.objects.filter(workspace=workspace, format=importing.SYNTHETIC, options=options)
    there = Q(status=JobStatus.COMPLETED, dataset__deleted_at__isnull=True, dataset__isnull=False)
    job = jobs.filter(there | Q(status__in=list(ACTIVE))).order_by("created_at").first()
    if job is None:
        job = importing.carry_out_here(_queued(workspace, actor, family, seed, sizes))
    return _awaited(job)


def _queued(
    workspace: Workspace, actor: User | None, family: Family, seed: int, sizes: dict[str, int]
) -> DatasetImport:
    name = _free_name(workspace, f"{family.label} example (seed {seed})")
    if family.is_tabular:
        return tables.import_synthetic_table(
            workspace=workspace, actor=actor, family=family, name=name, seed=seed, **sizes
        )
    return importing.import_synthetic(workspace=workspace, actor=actor, name=name, seed=seed, **sizes)


def _awaited(job: DatasetImport) -> Dataset:
    """A worker may have been quicker to take the job than this process: then it is waited for."""
    until = time.monotonic() + WAIT_SECONDS
    while job.is_active and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
        job.refresh_from_db()
    if job.dataset is None:
        words = job.failure_reason or f"is {job.status_label.lower()}; try again when it is done"
        raise Refused([Problem("dataset", f"{job.name}: {words}")])
    return job.dataset


def _free_name(workspace: Workspace, name: str) -> str:
    rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True, name__startswith=name)
    taken = set(rows.values_list("name", flat=True))
    waiting = DatasetImport.objects.filter(workspace=workspace, status__in=list(ACTIVE), name__startswith=name)
    taken |= set(waiting.values_list("name", flat=True))
    return next(
        free for count in range(1, len(taken) + 2) if (free := name if count == 1 else f"{name} {count}") not in taken
    )
