"""The data of a retraining: that of the version in production and the feedback since, as a new dataset.

The dataset is an ordinary, immutable one, imported by a job like any other. The job's id follows from the retraining,
so composing again after a kill finds it. What counts is fixed by the *cut*, a moment that is written down before
anything is read.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.table_snapshot import read_table
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.models import Dataset, ModelVersion
from experiments.services import datasets
from retraining.plan import DataPlan
from retraining.services import compose_interactions, compose_tables, feedback_rows
from retraining.services.compose_interactions import Composed, TooLittle

__all__ = ["Composed", "TooLittle", "compose", "import_id", "lineage_of"]

MARGIN = dt.timedelta(days=7)
"""Feedback may wait so long for its prediction and is received before it is joined. Reading it twice changes nothing:
what the data knows already is nothing new."""


def import_id(retraining: uuid.UUID) -> uuid.UUID:
    """The id of the import of a retraining's data."""
    return uuid.uuid5(retraining, "data")


def compose(base: ModelVersion, plan: DataPlan, cut: dt.datetime) -> Composed:
    """The data that a retraining of ``base`` learns from and is judged on. Raises TooLittle, DatasetError."""
    dataset = base.dataset
    since = _since(dataset)
    if dataset.is_table:
        roles = Roles.model_validate((base.experiment.preparation or {}).get("roles") or dataset.roles)
        return compose_tables.compose(
            read_table(dataset.path),
            feedback_rows.of_rows(base.model, since, cut),
            plan,
            family=Family(dataset.family),
            roles=roles,
            base_split=base.split,
            cut=cut.timestamp(),
        )
    parent = read_snapshot(dataset.path)
    rule = (base.experiment.preparation or {}).get("evaluation", {}).get("relevant_from")
    found = compose_interactions.compose(
        parent, feedback_rows.of_lists(base.model, since, cut), plan, cut=cut.timestamp(), liked=rule
    )
    sources = [compose_interactions.features_of(parent)]
    if (root := _root(dataset)) is not None and root.pk != dataset.pk:
        sources.append(compose_interactions.features_of(read_snapshot(root.path)))
    split = {"method": "given", "validation_share": base.split.get("validation_share", 0.1), "seed": base.seed}
    return Composed(compose_interactions.with_features(found.data, sources), found.counts, found.next_since, split)


def lineage_of(base: ModelVersion, retraining: uuid.UUID, found: Composed, cut: dt.datetime) -> dict[str, Any]:
    """What the dataset says of where it comes from."""
    root = _root(base.dataset) or base.dataset
    waiting = found.next_since
    return {
        "parent": str(base.dataset_id),
        "parent_name": base.dataset.name,
        "root": str(root.pk),
        "model": str(base.model_id),
        "base_version": str(base.pk),
        "retraining": str(retraining),
        "cut": cut.isoformat(),
        "next_since": dt.datetime.fromtimestamp(waiting, tz=dt.UTC).isoformat() if waiting is not None else None,
        "split": found.split,
        "counts": found.counts,
    }


def _since(dataset: Dataset) -> dt.datetime | None:
    """From when on feedback is read; None: all that the log has."""
    lineage = datasets.lineage(dataset)
    said = lineage.get("next_since") or lineage.get("cut")
    return dt.datetime.fromisoformat(said) - MARGIN if said else None


def _root(dataset: Dataset) -> Dataset | None:
    """The first data of the line, which knows features of what a window has left out since."""
    said = datasets.lineage(dataset).get("root")
    return Dataset.objects.filter(pk=said).first() if said else None
