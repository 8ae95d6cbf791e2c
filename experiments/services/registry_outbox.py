"""What MLflow's registry is to be told, written in the transaction that does it (decision D8).

A message names what is to be brought about; ``services/registry_delivery.py`` brings it about in order, reading the
rest from the rows. So a message that is delivered twice, or after days, leaves MLflow as one delivery does.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from experiments.models import ModelVersion, RegisteredModel, RegistryMessage, Stage
from experiments.services.deployments import challenger, champion
from experiments.tracking.names import group_name

DESCRIBE, REGISTER, ALIAS, UNALIAS = "describe", "register", "alias", "unalias"

Aliases = dict[str, ModelVersion | None]
"""Each alias and the version that has it."""


def mlflow_name(model: RegisteredModel) -> str:
    """What MLflow calls the model: its name, with the workspace's slug but in the default one."""
    return mlflow_names([model])[model.pk]


def mlflow_names(models: Iterable[RegisteredModel]) -> dict[uuid.UUID, str]:
    """The same of several: one query. The name a model really has there, where others had its own, is noted on the
    delivered message.
    """
    chosen = list(models)
    told = RegistryMessage.objects.filter(model__in=[model.pk for model in chosen], delivered_at__isnull=False)
    newest = told.filter(payload__has_key="name").order_by("model_id", "-pk").distinct("model_id")
    known = dict(newest.values_list("model_id", "payload__name"))
    return {model.pk: str(known.get(model.pk) or wanted_name(model)) for model in chosen}


def wanted_name(model: RegisteredModel) -> str:
    return group_name(model.name, model.workspace.slug)


def tell_described(model: RegisteredModel) -> None:
    """Name, description or tags changed. Nothing to tell before the first version."""
    if RegistryMessage.objects.filter(model=model).exists():
        RegistryMessage.objects.create(model=model, kind=DESCRIBE)


def tell_registered(version: ModelVersion) -> None:
    _tell(version.model, REGISTER, version)


def aliases(model: RegisteredModel) -> Aliases:
    return {Stage.PRODUCTION.alias: champion(model), Stage.STAGING.alias: challenger(model)}


def tell_aliases(model: RegisteredModel, before: Aliases) -> None:
    """Whichever aliases changed since ``before``: the champion's first."""
    for alias, version in aliases(model).items():
        if version == before[alias]:
            continue
        if version is not None:
            _tell(model, ALIAS, version, alias)
        else:
            RegistryMessage.objects.create(model=model, kind=UNALIAS, payload={"alias": alias})


def _tell(model: RegisteredModel, kind: str, version: ModelVersion, alias: str = "") -> None:
    payload = {"version": str(version.pk), "number": version.number} | ({"alias": alias} if alias else {})
    RegistryMessage.objects.create(model=model, kind=kind, payload=payload)
