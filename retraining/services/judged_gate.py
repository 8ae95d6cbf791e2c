"""The gate of a retraining among judged items: both versions order what users said yes and no to (docs/retraining.md).

Only pairs that neither has learnt count: those since the holdout's start that are not in the data of either. The figure
is the mean over users of NDCG@10 within their judged items, with the paired interval of every other verdict (D6).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.per_user import PerUser
from experiments.learning.comparison.results import Comparison, RunScores
from experiments.learning.comparison.verdict import MINIMUM_USERS, compare
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import split
from experiments.learning.metrics.settings import STANDARD_RELEVANT_FROM, relevance_threshold
from experiments.learning.recommenders.mapped import MappedScorer
from experiments.models import Experiment, ModelVersion
from experiments.services.datasets import lineage
from experiments.services.gate import Gate
from experiments.services.gate_words import sentence_of
from experiments.services.runs import stored_model
from experiments.services.spec import split_spec
from retraining.models import Retraining
from retraining.services import feedback_rows
from retraining.trial.judged_lists import both_kinds, ndcg_each

PROTOCOL, METRIC = "judged", "ndcg_at_10"
LABEL = "NDCG@10 among the items that users judged"
SKEW = dt.timedelta(days=1)
"""Feedback may say that it was given somewhat after it was received."""
USERS_AT_A_TIME = 256


@dataclass(frozen=True)
class JudgedPairs:
    """What users said of pairs that neither version has learnt; codes are into the sorted ids. Shapes (n,)."""

    user_ids: NDArray[np.str_]
    item_ids: NDArray[np.str_]
    user: NDArray[np.int64]
    item: NDArray[np.int64]
    liked: NDArray[np.bool_]

    def as_interactions(self) -> Interactions:
        """For what asks by ids; values and features are of no matter."""
        return Interactions(
            user=self.user.astype(np.int32), item=self.item.astype(np.int32),
            value=np.ones(len(self.user), np.float32), timestamp=None, part=None, user_ids=self.user_ids,
            item_ids=self.item_ids, feedback="implicit", scale=None,
        )  # fmt: skip


def judge(row: Retraining, minimum: float) -> Gate | None:
    """None where it has nothing to say: no holdout in the data's line, or too few users who liked some and not all."""
    if row.version is None or row.dataset is None:
        return None
    pairs = judged_pairs(row)
    if pairs is None or len(np.unique(pairs.user)) < MINIMUM_USERS:
        return None
    runs = [RunScores(name, _scores(run, pairs)) for name, run in _runs(row.base, row.version)]
    estimator = estimator_for("catalogue", METRIC)
    found = compare(runs, METRIC, PROTOCOL, estimator=estimator)
    return _gate(row, found, minimum)


def judged_pairs(row: Retraining) -> JudgedPairs | None:
    """Since the holdout's start and up to the cut; of one user and item the latest counts."""
    if row.dataset is None:
        return None
    line = lineage(row.dataset)
    start = line.get("counts", {}).get("holdout_from")
    if start is None:
        return None
    since, cut = dt.datetime.fromtimestamp(start, tz=dt.UTC) - SKEW, dt.datetime.fromisoformat(line["cut"])
    given = feedback_rows.of_lists(row.model, since, cut)
    rating = given.kind == "rating"
    liked = np.where(rating, given.value >= _liked_from(row.base), (given.kind != "skip") & (given.value != 0))
    frame = pd.DataFrame({"user": given.user, "item": given.item, "liked": liked.astype(bool)})[given.at >= start]
    frame = frame.drop_duplicates(["user", "item"], keep="last")
    for data in (read_snapshot(row.base.dataset.path), read_snapshot(row.dataset.path)):
        frame = frame[~_learnt(frame, data)]
    frame = frame[both_kinds(pd.factorize(frame["user"])[0], frame["liked"].to_numpy(bool))]
    if frame.empty:
        return None
    user_ids, user = np.unique(frame["user"].to_numpy().astype(np.str_), return_inverse=True)
    item_ids, item = np.unique(frame["item"].to_numpy().astype(np.str_), return_inverse=True)
    return JudgedPairs(user_ids, item_ids, user, item, frame["liked"].to_numpy(bool))


def _learnt(frame: pd.DataFrame, data: Interactions) -> NDArray[np.bool_]:
    """Pairs of the data that are not its holdout."""
    rows = slice(None) if data.part is None else data.part == 0
    known = pd.MultiIndex.from_arrays([data.user_ids[data.user[rows]], data.item_ids[data.item[rows]]])
    return np.asarray(pd.MultiIndex.from_frame(frame[["user", "item"]]).isin(known), np.bool_)


def _liked_from(base: ModelVersion) -> float:
    if base.dataset.scale is None:
        return STANDARD_RELEVANT_FROM
    said = (base.experiment.preparation or {}).get("evaluation", {})
    return relevance_threshold(said.get("relevant_from"), base.dataset.scale)


def _runs(base: ModelVersion, new: ModelVersion) -> list[tuple[str, Experiment]]:
    return [("production", base.experiment), ("candidate", new.experiment)]


def _scores(run: Experiment, pairs: JudgedPairs) -> PerUser:
    """NDCG of each user by the stored model of a run; whom or what it never met is cold, as in an evaluation."""
    scorer, _ = stored_model.recommender_of(run)
    learnt = read_snapshot(run.trained_on.path)
    parts = split(learnt, split_spec(run.split))
    rows = np.concatenate([parts.train, parts.validation])
    mapped = MappedScorer.of(scorer, learnt, pairs.as_interactions(), rows)
    score = np.zeros(len(pairs.user))
    for first in range(0, len(pairs.user_ids), USERS_AT_A_TIME):
        users = np.arange(first, min(first + USERS_AT_A_TIME, len(pairs.user_ids)), dtype=np.int32)
        inside = (pairs.user >= users[0]) & (pairs.user <= users[-1])
        score[inside] = mapped.score_block(users)[pairs.user[inside] - first, pairs.item[inside]]
    users_found, values = ndcg_each(pairs.user, pairs.item, pairs.liked, score)
    return PerUser.of(PROTOCOL, users_found, {METRIC: values})


def _gate(row: Retraining, found: Comparison, minimum: float) -> Gate:
    pair = found.pair("production", "candidate")  # in this order, so differences are the candidate's
    difference, low, high = pair.difference or 0.0, pair.low or 0.0, pair.high or 0.0
    passed = low > 0 and difference >= minimum
    gate = Gate(
        state="passed" if passed else "failed",
        passed=passed,
        headline=f"{PROTOCOL}.{METRIC}",
        label=LABEL,
        minimum=minimum,
        relative=False,
        higher_is_better=True,
        candidate=pair.value_b,
        production=pair.value_a,
        difference=difference,
        low=low,
        high=high,
        improvement=difference,
        units=pair.users,
        against=row.base.number,
        against_id=str(row.base_id),
        judged_run=str(row.base.experiment_id),
    )
    return replace(gate, sentence=f"{sentence_of(gate)} {pair.users:,} users.")
