"""A version of a model ready to answer: its files mapped and verified, and what its answers are made with."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.utils import timezone

from experiments.learning.explain.recommender import listing
from experiments.learning.families import Family
from experiments.learning.mapped_files import MappedFile, map_arrays, map_scorer
from experiments.learning.model_files import ArtifactError
from experiments.learning.recommenders.base import Scorer, ranks_apart
from experiments.learning.recommenders.catalogue import Catalogue
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.registry import load_scorer
from experiments.learning.tabular.base import Roles, TableScorer
from experiments.learning.tabular.scorers.registry import load_table_scorer
from experiments.models import ModelVersion
from experiments.services.serving_files import SERVING_FILE
from mlopspro.serving.table_inputs import TableInputs, inputs_of


class CannotLoad(Exception):
    """Why a version cannot answer, in words for people."""


class NotPrepared(CannotLoad):
    """Its file for serving has not been made yet."""


@dataclass(frozen=True)
class Recommender:
    """``rates``: scores of pairs are ratings; ``ranks_apart``: lists are ordered by something else than those."""

    scorer: Scorer
    catalogue: Catalogue
    rates: bool
    ranks_apart: bool


@dataclass(frozen=True)
class TablePredictor:
    scorer: TableScorer
    inputs: TableInputs


@dataclass(frozen=True)
class ServedVersion:
    """One of ``recommender`` and ``table`` is there. ``files`` keep the mappings that its arrays are views of."""

    id: uuid.UUID
    model_id: uuid.UUID
    number: str
    family: Family
    recommender: Recommender | None
    table: TablePredictor | None
    files: tuple[MappedFile, ...]
    loaded_at: dt.datetime

    @property
    def size(self) -> int:
        """Bytes that are mapped."""
        return sum(file.size for file in self.files)

    def written_to(self) -> bool:
        """Whether a file was changed in place, so that what is mapped is no longer what was verified."""
        return any(file.state() == "written" for file in self.files)

    def gone(self) -> list[str]:
        """Files that were removed or replaced. What is mapped of them is whole; another process could not load them."""
        return [file.path.name for file in self.files if file.state() == "gone"]


def load(version: ModelVersion) -> ServedVersion:
    """Maps and verifies the version's files. ``version`` comes with its model, experiment and dataset.

    Raises NotPrepared where the file for serving is still to be made, CannotLoad where a file is missing, damaged or
    not what it should be.
    """
    family = Family(version.model.family)
    digests = {file.name: file.sha256 for file in version.files.all()}
    try:
        if family.is_tabular:
            return _table(version, family, digests)
        return _recommender(version, family, digests)
    except (ArtifactError, ScorerError, ValueError, OSError) as error:
        raise CannotLoad(str(error)) from error


def _recommender(version: ModelVersion, family: Family, digests: dict[str, str]) -> ServedVersion:
    if SERVING_FILE not in digests:
        raise NotPrepared(f"{SERVING_FILE} has not been made yet.")
    scorer, settings, arrays = map_scorer(version.path, digests, load_scorer)
    beside = map_arrays(version.path, SERVING_FILE, digests)
    catalogue = Catalogue.load(beside.arrays, beside.metadata)
    known = getattr(scorer, "num_users", None), getattr(scorer, "num_items", None)
    if known != (catalogue.num_users, catalogue.num_items):
        raise ScorerError(
            f"The model knows {known[0]} users and {known[1]} items, {SERVING_FILE} has {catalogue.num_users} and "
            f"{catalogue.num_items}; accepted: the same."
        )
    rates = bool(settings.get("predicts_ratings"))
    made = Recommender(scorer, catalogue, rates, ranks_apart(scorer) or listing(scorer) is not scorer)
    return _served(version, family, (arrays, beside), recommender=made)


def _table(version: ModelVersion, family: Family, digests: dict[str, str]) -> ServedVersion:
    scorer, _, arrays = map_scorer(version.path, digests, load_table_scorer)
    roles = Roles.model_validate(version.experiment.preparation.get("roles") or version.dataset.roles)
    inputs = inputs_of(family, roles, version.experiment.preparation, version.dataset.columns)
    return _served(version, family, (arrays,), table=TablePredictor(scorer, inputs))


def _served(
    version: ModelVersion,
    family: Family,
    files: tuple[MappedFile, ...],
    *,
    recommender: Recommender | None = None,
    table: TablePredictor | None = None,
) -> ServedVersion:
    return ServedVersion(
        version.pk, version.model_id, version.number, family, recommender, table, files, timezone.now()
    )
