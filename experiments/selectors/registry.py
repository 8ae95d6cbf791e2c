"""What pages, API and commands ask of the registry."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Max, Prefetch, Q, QuerySet

from experiments.models import (
    Deployment,
    Experiment,
    ModelVersion,
    RegisteredModel,
    RegistryMessage,
    Stage,
    StageChange,
)
from experiments.recipes.numbers import parse
from experiments.services.deployments import challenger, champion, former_champions, live_at
from experiments.services.registry_outbox import mlflow_name, mlflow_names
from mlopspro.accounts.models import Workspace

__all__ = [
    "Mirror",
    "NotFound",
    "address",
    "challenger",
    "champion",
    "deployments",
    "former_champions",
    "history",
    "live_at",
    "mirror",
    "model_uri",
    "model_uris",
    "models",
    "named",
    "needed_by",
    "numbered",
    "resolve",
    "versions",
]


class NotFound(LookupError):
    """Nothing of this name or number; the message says what there is."""


@dataclass(frozen=True)
class Mirror:
    """How MLflow's registry stands to ours: ``waiting`` messages are on their way, ``error`` is the last trouble."""

    name: str
    waiting: int
    error: str


def models(
    workspace: Workspace,
    *,
    q: str = "",
    family: str = "",
    stage: str = "",
    owner: str = "",
    tag: str = "",
    recipe: uuid.UUID | None = None,
    archived: bool = False,
) -> QuerySet[RegisteredModel]:
    """Models of the workspace by name; one query with owner, recipe and what a list shows.

    Rows carry ``version_count``, ``latest_at`` (of the newest version) and ``production``: versions in production, one
    or none. ``stage`` keeps models that have a version there, ``owner`` takes an e-mail address or a part of a name.
    """
    rows = RegisteredModel.objects.filter(workspace=workspace, archived_at__isnull=not archived)
    if q := _plain(q):
        rows = rows.filter(Q(name__icontains=q) | Q(description__icontains=q) | Q(tags__contains=[q]))
    if family:
        rows = rows.filter(family=family)
    if stage:
        rows = rows.filter(pk__in=ModelVersion.objects.filter(stage=stage).values("model"))
    if owner := _plain(owner):
        rows = rows.filter(Q(owner__email__iexact=owner) | Q(owner__name__icontains=owner))
    if tag := _plain(tag):
        rows = rows.filter(tags__contains=[tag])
    if recipe is not None:
        rows = rows.filter(recipe=recipe)
    live = ModelVersion.objects.filter(stage=Stage.PRODUCTION)
    live = live.select_related("experiment", "dataset", "recipe_version__recipe", "created_by")
    return (
        rows.select_related("owner", "recipe", "workspace")
        .annotate(version_count=Count("versions"), latest_at=Max("versions__created_at"))
        .prefetch_related(Prefetch("versions", live, to_attr="production"))
        .order_by("name", "pk")
    )


def versions(model: RegisteredModel, *, stage: str = "") -> QuerySet[ModelVersion]:
    """The highest number first."""
    rows = ModelVersion.objects.filter(model=model)
    if stage:
        rows = rows.filter(stage=stage)
    related = rows.select_related("model", "experiment", "dataset", "recipe_version__recipe", "created_by")
    return related.order_by("-major", "-minor", "-patch")


def history(model: RegisteredModel) -> QuerySet[StageChange]:
    """Every step of every version, the newest first."""
    rows = StageChange.objects.filter(version__model=model)
    return rows.select_related("version", "by").order_by("-at", "-pk")


def deployments(model: RegisteredModel) -> QuerySet[Deployment]:
    """What was live when, the newest first."""
    rows = Deployment.objects.filter(model=model)
    return rows.select_related("version", "started_by", "ended_by").order_by("-started_at", "-pk")


def model_uri(model: RegisteredModel) -> str:
    """How MLflow's clients load what is in production, whichever version that is: models:/name@champion."""
    return model_uris([model])[model.pk]


def model_uris(models: Iterable[RegisteredModel]) -> dict[uuid.UUID, str]:
    """The same of several: one query."""
    return {pk: f"models:/{name}@{Stage.PRODUCTION.alias}" for pk, name in mlflow_names(models).items()}


def address(model: RegisteredModel) -> str:
    """Our own address of the model's page; a path where this site does not know its own address."""
    return f"{str(settings.PUBLIC_URL).rstrip('/')}/models/{model.pk}/"


def mirror(model: RegisteredModel) -> Mirror:
    """What MLflow knows of it. Two queries."""
    waiting = RegistryMessage.objects.filter(model=model, delivered_at__isnull=True)
    last = RegistryMessage.objects.filter(model=model).exclude(last_error="").order_by("-pk").first()
    return Mirror(mlflow_name(model), waiting.count(), last.last_error if last else "")


def named(workspace: Workspace, name: str) -> RegisteredModel:
    """By its name or id. Raises NotFound naming what there is."""
    rows = RegisteredModel.objects.filter(workspace=workspace, archived_at__isnull=True).select_related("workspace")
    found = rows.filter(name=_plain(name)).first()
    if found is None:
        key = _uuid(name)
        found = rows.filter(pk=key).first() if key is not None else None
    if found is None:
        known = ", ".join(rows.order_by("name").values_list("name", flat=True)[:20]) or "none yet"
        raise NotFound(f"there is no model {name[:80]!r}; known: {known}")
    return found


def resolve(workspace: Workspace, text: str) -> ModelVersion:
    """The version that an address means; a name alone is what is in production.

    Accepted: ``models:/name@champion``, ``models:/name@challenger``, ``models:/name/1.2.0``, the same without
    ``models:/``, and ``name``. Raises NotFound.
    """
    path = text.strip().removeprefix("models:/")
    name, _, alias = path.partition("@")
    name, _, number = name.partition("/")
    model = named(workspace, name)
    if number:
        return numbered(model, number)
    alias = alias or Stage.PRODUCTION.alias
    found = {Stage.PRODUCTION.alias: champion, Stage.STAGING.alias: challenger}.get(alias)
    if found is None:
        raise NotFound(f"there is no alias {alias[:40]!r}; accepted: champion and challenger")
    version = found(model)
    if version is None:
        raise NotFound(f"{model.name} has no {alias}: no version is in {_stage_of(alias)}")
    return version


def numbered(model: RegisteredModel, number: str) -> ModelVersion:
    """The version of this number. Raises NotFound naming those there are."""
    try:
        wanted = parse(number)
    except ValueError as error:
        raise NotFound(str(error)) from error
    found = versions(model).filter(major=wanted.major, minor=wanted.minor, patch=wanted.patch).first()
    if found is None:
        known = ", ".join(version.number for version in versions(model)[:20]) or "none yet"
        raise NotFound(f"{model.name} has no version {wanted}; known: {known}")
    return found


def needed_by(run: Experiment) -> QuerySet[ModelVersion]:
    """Versions made from a run. Deleting the run leaves them whole: their files are their own."""
    return ModelVersion.objects.filter(experiment=run).select_related("model").order_by("model__name")


def _stage_of(alias: str) -> str:
    return next(stage.label.lower() for stage in Stage if stage.alias == alias)


def _plain(text: str) -> str:
    """Without what PostgreSQL refuses in a text."""
    return text.replace("\0", "").strip()[:300]


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
