"""What a version's answers depend on, kept with the version so that its change can be watched (F199).

Tables: the mean absolute Shapley value of each column, as a share of all. Recommenders: the share of the variance of
scores that each part explains, features by the column they come from. Worked out by the io worker after a version is
registered, from the version's own files, as it reads data; older versions are filled in the same way.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import structlog

from experiments.learning.artifacts import ArtifactError
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.features import encode_features
from experiments.learning.data.splits import split
from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.feature_groups import feature_groups
from experiments.learning.explain.importance import score_importance
from experiments.learning.explain.network import FeatureGroup
from experiments.learning.explain.recommender import listing, require_explainable
from experiments.learning.families import Family
from experiments.learning.recommenders.scorers.network import NetworkScorer
from experiments.learning.tabular.base import TableError
from experiments.models import ModelVersion
from experiments.services import locks
from experiments.services.explained_model import MOST_INTERACTIONS, CannotExplain
from experiments.services.explained_table import importance_of_table
from experiments.services.runs import recommenders, tables
from experiments.services.spec import split_spec
from experiments.services.version_files import load_scorer

log = structlog.get_logger(__name__)

Shares = list[dict[str, Any]]
_SHOWN = 1e-6
_tried: set[str] = set()
"""Versions that this process could not explain: they are not read again every few seconds, only after a restart."""


def importance_of(version: ModelVersion) -> Shares:
    """[{"name", "share"}], the largest first; shares sum to 1. One below 0 works against the others.

    Raises CannotExplain: files or data are missing or changed, the data is too large, or the model's answers have no
    exact parts.
    """
    if version.dataset.num_interactions > MOST_INTERACTIONS:
        raise CannotExplain(f"The dataset has more than the {MOST_INTERACTIONS:,} rows that are read for it.")
    tabular = Family(version.model.family).is_tabular
    try:
        scorer = load_scorer(version)
        if tabular:
            found = importance_of_table(version.experiment, scorer, tables.read(version.experiment))
        else:
            found = _of_recommender(version, scorer)
    except (ArtifactError, DatasetError, NotExplainable, TableError, ValueError) as error:
        raise CannotExplain(str(error)) from error
    return [{"name": each["name"], "share": round(float(each["share"]), 6)} for each in found]


def fill(version: ModelVersion) -> bool:
    """Works out and stores what is not there yet; False where it is there, or cannot be had."""
    if version.importance or str(version.pk) in _tried:
        return False
    try:
        found = importance_of(version)
    except CannotExplain as error:
        _tried.add(str(version.pk))
        log.info("version has no importance", version=str(version.pk), reason=str(error))
        return False
    if not found:
        _tried.add(str(version.pk))
        return False
    return bool(ModelVersion.objects.filter(pk=version.pk, importance=[]).update(importance=found))


def fill_pending(seconds: float) -> int:
    """Fills versions without importance for at most about ``seconds``, the newest first; returns how many.

    One process at a time does, others return at once.
    """
    deadline = time.monotonic() + seconds
    done = 0
    with locks.held(locks.IMPORTANCE, 0) as got:
        if not got:
            return 0
        waiting = ModelVersion.objects.filter(importance=[]).exclude(pk__in=_tried).order_by("-created_at")
        for version in waiting.select_related("model", "experiment__dataset", "dataset")[:200]:
            done += fill(version)
            if time.monotonic() >= deadline:
                break
    return done


def forget() -> None:
    """Versions that could not be explained are tried again."""
    _tried.clear()


def _of_recommender(version: ModelVersion, scorer: Any) -> Shares:
    require_explainable(scorer)
    interactions = recommenders.read(version.experiment)
    learnt = split(interactions, split_spec(version.split)).train
    users, items = (np.unique(codes[learnt]).astype(np.int32) for codes in (interactions.user, interactions.item))
    parts = score_importance(scorer, users, items, groups=_groups(scorer, interactions, learnt))
    shares = [(part.label, part.overall) for part in parts if part.overall is not None and abs(part.overall) > _SHOWN]
    return [{"name": name, "share": share} for name, share in sorted(shares, key=lambda each: (-each[1], each[0]))]


def _groups(scorer: Any, interactions: Any, learnt: Any) -> tuple[FeatureGroup, ...] | None:
    """Features by their column, where the network reads exactly those that the data gives; else all of a side."""
    network = listing(scorer)
    if not isinstance(network, NetworkScorer):
        return None
    features = encode_features(interactions, learnt)
    widths = network.user_features.shape[1], network.item_features.shape[1]
    if widths != (len(features.user_names), len(features.item_names)):
        return None
    return feature_groups(features.user_names, features.item_names)
