"""Finding or making the Source of a row: a version of a model in a role. Remembered by each process."""

from __future__ import annotations

import uuid

from django.db import connection, transaction

from experiments.models import ModelVersion, RegisteredModel
from monitoring.models import Source

MAX_REMEMBERED = 10_000
_Key = tuple[str, uuid.UUID, uuid.UUID | None, str, str]
_sources: dict[_Key, Source] = {}


def source_of(*, model: RegisteredModel, version: ModelVersion | None, role: str, label: str = "") -> Source:
    """The one source of this model, version, role and label; made where there is none yet.

    ``label`` is the caller's word for a version that the registry does not have; give it only where ``version`` is
    None.
    """
    database = str(connection.settings_dict["NAME"])
    key = (database, model.pk, version.pk if version is not None else None, role, label)
    if (known := _sources.get(key)) is not None:
        return known
    source, _ = Source.objects.get_or_create(
        model=model, version=version, role=role, label=label, defaults={"workspace_id": model.workspace_id}
    )
    # Not before the row is there for good: a transaction that is rolled back takes it away again.
    transaction.on_commit(lambda: _remember(key, source))
    return source


def _remember(key: _Key, source: Source) -> None:
    if len(_sources) >= MAX_REMEMBERED:
        _sources.clear()
    _sources[key] = source
