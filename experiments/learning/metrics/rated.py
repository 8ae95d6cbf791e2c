"""The rated protocol: order a user's own test items by predicted rating and recommend those worth it.

Per test user the test items are ordered by predicted rating; recommended are those of the first k whose prediction,
clipped to the scale, reaches the cut; relevant are those rated at or above the relevance threshold.
P = hits / recommended (0 if none), R = hits / relevant. Users without a relevant test item are left out and counted.
With a cut of 4.0 this is the precision_recall_at_k of Surprise's FAQ. NDCG judges the order of the first k and does
not ask for the cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.chance import share
from experiments.learning.metrics.f1 import f1_each


@dataclass(frozen=True)
class RatedLists:
    """The first k test items of each counted user, in order of prediction.

    Attributes:
        users: counted users, ascending, shape (n,).
        left_out: how many test users have no relevant test item.
        relevant, candidates: relevant and all test items of each user, shape (n,).
        relevant_places: place of every relevant test item in its user's whole order, 0 being the top, users in their
            order, shape (sum of relevant,).
        items: codes, padded with -1, shape (n, k).
        hits: relevant items at their places, shape (n, k).
        predictions: not increasing along a row, padded with -inf, shape (n, k).
        kept: which of the rows handed in belong to counted users, shape (rows,).
        row_user: position in ``users`` of each kept row, shape (kept rows,).
    """

    users: NDArray[np.int64]
    left_out: int
    relevant: NDArray[np.int64]
    candidates: NDArray[np.int64]
    relevant_places: NDArray[np.int64]
    items: NDArray[np.int32]
    hits: Bools
    predictions: Floats
    kept: Bools
    row_user: NDArray[np.int64]


@dataclass(frozen=True)
class Cut:
    """Lowest prediction that is recommended.

    ``f1`` is what it reaches on the data it was chosen on; None where it was not chosen on data.
    """

    value: float
    chosen_on: str
    f1: float | None = None
    users: int = 0


def rated_lists(
    user: Ints, item: Ints, relevant: Bools, prediction: Floats, k: int, clip: tuple[float, float] | None = None
) -> RatedLists:
    """Order each user's items by prediction, highest first, equal predictions by item code.

    Args:
        user, item, relevant, prediction: parallel arrays, one entry a rating, shape (rows,).
        k: list length.
        clip: scale to which predictions are clipped after ordering, so that order beyond its ends is not lost.
    """
    everyone, position = np.unique(user, return_inverse=True)
    relevant_counts = np.bincount(position[relevant], minlength=len(everyone))
    counted = relevant_counts > 0
    kept = counted[position]
    row_user = (np.cumsum(counted) - 1)[position[kept]]
    order = np.lexsort((item[kept], -prediction[kept], row_user))
    rows = row_user[order]
    candidates = np.bincount(rows, minlength=int(counted.sum()))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(candidates) - candidates, candidates)
    first = place < k
    at = (rows[first], place[first])
    chosen = order[first]
    is_relevant = relevant[kept]
    shape = (int(counted.sum()), k)
    items, hits = np.full(shape, -1, dtype=np.int32), np.zeros(shape, dtype=np.bool_)
    predictions = np.full(shape, -np.inf)
    items[at], hits[at] = item[kept][chosen], is_relevant[chosen]
    values = prediction[kept][chosen]
    predictions[at] = values if clip is None else np.clip(values, *clip)
    return RatedLists(
        users=everyone[counted].astype(np.int64),
        left_out=int(np.count_nonzero(~counted)),
        relevant=relevant_counts[counted],
        candidates=candidates,
        relevant_places=place[is_relevant[order]],
        items=items,
        hits=hits,
        predictions=predictions,
        kept=kept,
        row_user=row_user,
    )


def choose_cut(lists: RatedLists, lowest: float, *, fallback: float) -> Cut:
    """The cut that maximises F1 of mean precision and mean recall on these (validation) lists, exactly.

    Lowering the cut past the j-th item of a user changes that user's precision from h(j-1)/(j-1) to h(j)/j and recall
    by rel/R, so sorting all items once and summing the changes gives F1 at every possible cut. Of several best cuts
    the highest is taken. The cut lies half-way to the next lower prediction; where recommending everything is best
    it is ``lowest``.

    Args:
        lists: from the validation part.
        lowest: a value that every prediction reaches.
        fallback: the cut where there is no validation user to choose by, the relevance threshold.
    """
    if len(lists.users) == 0:
        return Cut(fallback, "no validation ratings: the given rule")
    valid = lists.items >= 0
    hits = np.cumsum(lists.hits, axis=1)
    precision = hits / np.arange(1, hits.shape[1] + 1)
    precision_steps = np.diff(precision, axis=1, prepend=0.0)[valid]
    recall_steps = share(lists.hits.astype(np.float64), lists.relevant[:, None])[valid]
    predictions = lists.predictions[valid]
    order = np.argsort(-predictions, kind="stable")
    values = predictions[order]
    users = len(lists.users)
    scores = f1_each(np.cumsum(precision_steps[order]) / users, np.cumsum(recall_steps[order]) / users)
    last_of_equal = np.append(values[1:] != values[:-1], True)
    best = int(np.argmax(np.where(last_of_equal, scores, -1.0)))
    value = lowest if best == len(values) - 1 else _between(values[best + 1], values[best])
    return Cut(float(value), "validation", float(scores[best]), users)


def _between(lower: float, upper: float) -> float:
    """Half-way; the upper one where they are neighbours among floating-point numbers and nothing lies between."""
    middle = (lower + upper) / 2.0
    return middle if middle > lower else upper
