"""A trained recommender in a web process, ready to be explained: its scorer, and what its users did.

A model is read once, with every file checked against its recorded SHA-256, and kept in this process under those
hashes: at most four models and 256 MiB, the longest unused going first. One is loaded at a time. No TensorFlow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.artifacts import ARRAYS_FILE, SCORER_FILES, ArtifactError
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.interactions import IntArray, Interactions
from experiments.learning.data.splits import Split, split
from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.importance import PartImportance, score_importance
from experiments.learning.explain.recommender import listing, require_explainable
from experiments.learning.metrics.settings import relevance_threshold
from experiments.learning.recommenders.base import Scorer
from experiments.models import Artifact, Experiment
from experiments.services.kept_models import MOST_BYTES, MOST_MODELS, KeptModels
from experiments.services.runs.recommenders import read, settings_of
from experiments.services.runs.stored_model import recommender_of
from experiments.services.spec import split_spec

MOST_INTERACTIONS = 5_000_000
"""A page does not read a larger dataset; it says so."""


class CannotExplain(Exception):
    """Why this run's answers cannot be explained, in words for people."""


@dataclass(frozen=True)
class Lists:
    """A list of item codes for each user: those of user u are ``items[start[u]:start[u + 1]]``."""

    start: NDArray[np.int64]
    items: IntArray

    @classmethod
    def of(cls, interactions: Interactions, rows: NDArray[np.int64]) -> Lists:
        users, items = interactions.user[rows], interactions.item[rows]
        order = np.lexsort((items, users))
        counts = np.bincount(users, minlength=interactions.num_users)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), items[order].astype(np.int32))

    def __getitem__(self, user: int) -> IntArray:
        return self.items[self.start[user] : self.start[user + 1]]


@dataclass(frozen=True)
class ExplainedModel:
    """``scores_are_ratings``: what orders lists is on the rating scale.

    ``learnt``: items of the training part, ``liked``: those of them that count as relevant, ``seen``: of training
    and validation, which lists leave out. ``liked_from`` is the lowest liked rating, None for implicit data."""

    scorer: Scorer
    scores_are_ratings: bool
    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    titles: NDArray[np.str_]
    learnt: Lists
    liked: Lists
    seen: Lists
    liked_from: float | None
    importance: tuple[PartImportance, ...]

    @property
    def size(self) -> int:
        """Bytes of the arrays."""
        lists = (each for one in (self.learnt, self.liked, self.seen) for each in (one.start, one.items))
        own = (self.user_ids, self.item_ids, self.titles, *lists)
        return sum(array.nbytes for array in (*own, *self.scorer.arrays().values()))


_KEPT: KeptModels[ExplainedModel] = KeptModels()


def explained_model(run: Experiment) -> ExplainedModel:
    """The model of a completed training run of a recommender: one query where it is kept, two where it is read.

    Raises CannotExplain: files are missing or changed, the model or its data is too large for a page, or its
    architecture has no exact parts.
    """
    files = {row.name: row for row in Artifact.objects.filter(experiment=run, name__in=SCORER_FILES)}
    if len(files) < len(SCORER_FILES):
        raise CannotExplain("The run left no stored model behind, so there is nothing to explain.")

    def load() -> ExplainedModel:
        _require_small(run, files[ARRAYS_FILE])
        return _loaded(run)

    return _KEPT.get_or_load(_key(run, files), load, models=MOST_MODELS, size=MOST_BYTES)


def forget() -> None:
    """Drops every kept model."""
    _KEPT.forget()


def _key(run: Experiment, files: dict[str, Artifact]) -> str:
    hashes = [files[name].sha256 for name in SCORER_FILES]
    return json.dumps([*hashes, run.trained_on.sha256, run.split, run.preparation], sort_keys=True)


def _require_small(run: Experiment, arrays: Artifact) -> None:
    if arrays.size_bytes > MOST_BYTES:
        raise CannotExplain(
            f"The model has {arrays.size_bytes / (1 << 20):,.0f} MiB; a page explains models of at most "
            f"{MOST_BYTES >> 20} MiB."
        )
    if run.trained_on.num_interactions > MOST_INTERACTIONS:
        raise CannotExplain(
            f"The dataset has {run.trained_on.num_interactions:,} interactions; a page reads at most "
            f"{MOST_INTERACTIONS:,} of them to find what a user liked."
        )


def _loaded(run: Experiment) -> ExplainedModel:
    try:
        scorer, rates = recommender_of(run)
        require_explainable(scorer)
        interactions = read(run)
        parts = split(interactions, split_spec(run.split))
    except (ArtifactError, DatasetError, NotExplainable) as error:
        raise CannotExplain(str(error)) from error
    known = scorer.num_users, scorer.num_items  # type: ignore[attr-defined]  # every explainable scorer has them
    if known != (interactions.num_users, interactions.num_items):
        raise CannotExplain(
            f"The model knows {known[0]:,} users and {known[1]:,} items, its dataset holds {interactions.num_users:,} "
            f"and {interactions.num_items:,}; they do not belong together."
        )
    return _made(run, scorer, rates, interactions, parts)


def _made(run: Experiment, scorer: Scorer, rates: bool, interactions: Interactions, parts: Split) -> ExplainedModel:
    liked_from = None
    liked = parts.train
    if interactions.feedback == "explicit" and interactions.scale:
        liked_from = relevance_threshold(settings_of(run).relevant_from, interactions.scale)
        liked = liked[interactions.value[liked] >= liked_from]
    users, items = (np.unique(codes[parts.train]).astype(np.int32) for codes in (interactions.user, interactions.item))
    return ExplainedModel(
        scorer=scorer,
        scores_are_ratings=rates and listing(scorer) is scorer,
        user_ids=interactions.user_ids,
        item_ids=interactions.item_ids,
        titles=interactions.titles(),
        learnt=Lists.of(interactions, parts.train),
        liked=Lists.of(interactions, liked),
        seen=Lists.of(interactions, np.concatenate([parts.train, parts.validation])),
        liked_from=liked_from,
        importance=score_importance(scorer, users, items),
    )
