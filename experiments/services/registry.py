"""Named models and their versions: making, registering, describing, retiring. Promotion is in ``promotion.py``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import (
    Artifact,
    Experiment,
    ModelFile,
    ModelVersion,
    Recipe,
    RegisteredModel,
    Stage,
    StageChange,
)
from experiments.models.job import JobStateError
from experiments.services import registry_outbox, serving_files, version_files
from experiments.services.labels import plain_text
from experiments.services.model_fields import Changes, cleaned_note, recipe_improvement
from experiments.services.model_numbers import Proposal, propose
from experiments.services.registrable import checked_number, problems_with
from experiments.services.spec import Problem, Refused
from experiments.services.version_files import FileProblem, load_scorer, verify_files
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

__all__ = [
    "FileProblem",
    "Proposal",
    "archive_model",
    "create_model",
    "edit_model",
    "load_scorer",
    "propose",
    "register",
    "restore_model",
    "verify_files",
]


def create_model(
    *,
    workspace: Workspace,
    actor: User | None,
    name: str,
    family: str,
    recipe: Recipe | None = None,
    description: str = "",
    owner: User | None = None,
    tags: Iterable[str] = (),
    headline: str = "",
    minimum_improvement: float | None = None,
) -> RegisteredModel:
    """A model without versions. Left out, ``minimum_improvement`` is the recipe's, else 0.01.

    Raises Refused with every problem: name, family, recipe, owner, tags, headline, minimum_improvement.
    """
    problems: list[Problem] = []
    if family not in Family._value2member_map_:
        problems.append(Problem("family", f"{family!r} is not known; accepted: {', '.join(Family)}"))
    if recipe is not None and (recipe.workspace_id != workspace.pk or recipe.deleted_at is not None):
        problems.append(Problem("recipe", "there is no such recipe in this workspace"))
    elif recipe is not None and recipe.family != family:
        problems.append(Problem("recipe", f"{recipe.name} is of the family {recipe.family}; accepted: {family}"))
    improvement = recipe_improvement(recipe) if minimum_improvement is None else minimum_improvement
    changes = Changes(
        name=name, description=description, owner=owner, tags=tuple(tags), headline=headline,
        minimum_improvement=improvement,
    )  # fmt: skip
    values = changes.checked(workspace, family, problems)
    model = RegisteredModel(workspace=workspace, family=family, recipe=recipe, created_by=actor, **values)
    with _name_taken(model), transaction.atomic():
        model.save(force_insert=True)
        audit.record(
            action="create_model", actor=actor, workspace=workspace, obj=model,
            after={"family": family, "recipe": recipe.name if recipe else ""},
        )  # fmt: skip
    return model


def edit_model(model: RegisteredModel, *, actor: User | None, changes: Changes) -> RegisteredModel:
    """Changes what is given and leaves the rest. Raises Refused; JobStateError for an archived model."""
    values = changes.checked(model.workspace, model.family, [])
    with _name_taken(model, str(values.get("name", ""))), transaction.atomic():
        locked = lock(model)
        _refuse_archived(locked)
        before = {field: _shown(getattr(locked, field)) for field in values}
        for field, value in values.items():
            setattr(locked, field, value)
        old, new = audit.changes(before, {field: _shown(value) for field, value in values.items()})
        if new:
            locked.updated_at = timezone.now()
            locked.save()
            audit.record(
                action="edit_model", actor=actor, workspace=locked.workspace, obj=locked, before=old, after=new
            )
            registry_outbox.tell_described(locked)
    return locked


def archive_model(model: RegisteredModel, *, actor: User | None, reason: str = "") -> RegisteredModel:
    """It leaves the lists and gives its name free; its versions and their history stay.

    Raises JobStateError while one of its versions is in production: what serves is taken out of production first.
    """
    with transaction.atomic():
        locked = lock(model)
        live = locked.versions.filter(stage=Stage.PRODUCTION).first()
        if live is not None:
            raise JobStateError(
                f"{locked.name} cannot be archived: version {live.number} is in production. Archive that version first."
            )
        if locked.archived_at is None:
            locked.archived_at = locked.updated_at = timezone.now()
            locked.save(update_fields=["archived_at", "updated_at"])
            audit.record(
                action="archive_model", actor=actor, workspace=locked.workspace, obj=locked, reason=plain_text(reason)
            )
    return locked


def restore_model(model: RegisteredModel, *, actor: User | None) -> RegisteredModel:
    """Archived → listed again. Raises Refused where its name was taken meanwhile."""
    with _name_taken(model), transaction.atomic():
        locked = lock(model)
        if locked.archived_at is not None:
            locked.archived_at, locked.updated_at = None, timezone.now()
            locked.save(update_fields=["archived_at", "updated_at"])
            audit.record(action="restore_model", actor=actor, workspace=locked.workspace, obj=locked)
    return locked


def register(
    experiment: Experiment,
    *,
    actor: User | None,
    model: RegisteredModel | None = None,
    model_name: str = "",
    number: str | None = None,
    notes: str = "",
    through: str = "page",
) -> ModelVersion:
    """Makes the completed training run a version of a model, in development.

    The model is ``model``, or the one called ``model_name`` (made where there is none), or the run's ``register_as``.
    ``number`` must be above every one there is; left out, it is what :func:`propose` says.

    The files are copied and checked before any row is written. Raises Refused with every problem (fields experiment,
    model, number, notes, files); two registrations at once wait for each other and never share a number.
    """
    run = Experiment.objects.select_related("workspace", "dataset", "recipe_version__recipe", "register_as").get(
        pk=experiment.pk
    )
    note = cleaned_note(notes)
    target = model or _named(run, model_name, actor) or run.register_as
    if target is None:
        raise Refused([Problem("model", "no model is named; accepted: a model of this workspace or a new name")])
    if problems := problems_with(run, target, number):
        raise Refused(problems)
    version_id = uuid.uuid4()
    files = version_files.take(target, version_id, Artifact.objects.filter(experiment=run))
    try:
        with transaction.atomic():
            made = _write(run, target, version_id, files, actor=actor, number=number, notes=note, through=through)
    except BaseException:
        version_files.discard(target, version_id)
        raise
    serving_files.prepare_small(made)
    return made


def lock(model: RegisteredModel) -> RegisteredModel:
    """The model's row, locked to the end of the transaction: everything that changes a model's versions waits here."""
    return RegisteredModel.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=model.pk)


def _named(run: Experiment, name: str, actor: User | None) -> RegisteredModel | None:
    """The model of this name, made where there is none; None where no name is given."""
    name = name.strip()
    if not name:
        return None
    rows = RegisteredModel.objects.filter(workspace=run.workspace_id, name=name, archived_at__isnull=True)
    if found := rows.first():
        return found
    if problems := problems_with(run, None, None):
        raise Refused(problems)  # so that no empty model is left where the run cannot be registered
    recipe = run.recipe_version.recipe if run.recipe_version is not None else None
    try:
        return create_model(workspace=run.workspace, actor=actor, name=name, family=run.family, recipe=recipe)
    except Refused:
        if found := rows.first():  # somebody made it in the same moment
            return found
        raise


def _write(
    run: Experiment,
    model: RegisteredModel,
    version_id: uuid.UUID,
    files: list[ModelFile],
    *,
    actor: User | None,
    number: str | None,
    notes: str,
    through: str,
) -> ModelVersion:
    locked = lock(model)
    if problems := problems_with(run, locked, number):
        raise Refused(problems)
    chosen = checked_number(locked, number) if number else checked_number(locked, propose(locked, run).number)
    dataset = run.trained_on
    version = ModelVersion.objects.create(
        id=version_id,
        model=locked,
        major=chosen.major,
        minor=chosen.minor,
        patch=chosen.patch,
        experiment=run,
        recipe_version=run.recipe_version,
        dataset=dataset,
        dataset_sha256=dataset.sha256,
        architecture=run.architecture,
        parameters=run.parameters,
        split=run.split,
        seed=run.seed,
        config_hash=run.config_hash,
        metrics=run.metrics,
        notes=notes,
        created_by=actor,
    )
    ModelFile.objects.bulk_create(files)
    StageChange.objects.create(
        version=version, kind=StageChange.Kind.REGISTERED, to_stage=Stage.DEVELOPMENT, by=actor, through=through
    )
    registry_outbox.tell_registered(version)
    audit.record(
        action="register_model", actor=actor, workspace=locked.workspace, obj=version,
        after={"number": version.number, "run": str(run.pk), "through": through},
    )  # fmt: skip
    return version


def _refuse_archived(model: RegisteredModel) -> None:
    if model.archived_at is not None:
        raise JobStateError(f"{model.name} is archived; restore it first.")


def _shown(value: object) -> object:
    return str(value) if isinstance(value, User) else value


class _name_taken:  # noqa: N801  a context manager, read as a sentence
    """Turns the database's refusal of a second model of one name into ours."""

    def __init__(self, model: RegisteredModel, name: str = "") -> None:
        self.name = name or model.name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, IntegrityError) and "model_name_unique" in str(error):
            message = f"there is a model {self.name!r} already; accepted: another name"
            raise Refused([Problem("name", message)]) from error
