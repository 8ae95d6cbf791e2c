"""The rated protocol carried out on a split: the model, its reference lines, segments and decisions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats, Ints
from experiments.learning.metrics.confusion import Confusion
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.counts import list_counts, rank_table
from experiments.learning.metrics.curves import counts_by_score
from experiments.learning.metrics.lines import (
    Lines,
    Table,
    selection_best_table,
    selection_chance_table,
    selection_table,
)
from experiments.learning.metrics.rated import Cut, RatedLists, choose_cut, rated_lists
from experiments.learning.recommenders.base import Fold


@dataclass(frozen=True)
class RatedFindings:
    """All the rated protocol gathers.

    Attributes:
        users, left_out: counted users, shape (n,), and the number of test users left out.
        lines: segment ("all", "head_items", "tail_items") to tables of n values.
        relevant: the same segments to the number of relevant test items of each user, shape (n,).
        counts: counts and ranks of each user under the model, n values each; ranks look at the order, not at the cut.
        cut, popularity_cut: cuts of the model (a rating) and of the popularity line (a training count).
        confusion: decisions at k over all test items of counted users.
        thresholds, positives, negatives: decisions as the cut is lowered, k aside, shape (steps,).
    """

    users: NDArray[np.int64]
    left_out: int
    lines: dict[str, Lines]
    relevant: dict[str, NDArray[np.int64]]
    counts: Table
    cut: Cut
    popularity_cut: Cut
    confusion: Confusion
    thresholds: Floats
    positives: Ints
    negatives: Ints


@dataclass(frozen=True)
class PredictedFold:
    """Ratings of one part with what the model predicted for them, raw, shape (n,)."""

    fold: Fold
    prediction: Floats


def rated_findings(
    context: Context,
    validation: PredictedFold,
    test: PredictedFold,
    threshold: float,
    scale: tuple[float, float],
) -> RatedFindings:
    """Choose the cuts on validation and apply them to the test part.

    Args:
        threshold: lowest relevant rating.
        scale: lowest and highest rating.
    """
    k = context.settings.headline_k

    def by_prediction(part: PredictedFold) -> RatedLists:
        return rated_lists(part.fold.user, part.fold.item, part.fold.value >= threshold, part.prediction, k, scale)

    def by_count(part: PredictedFold) -> RatedLists:
        counts = context.item_counts[part.fold.item].astype(np.float64)
        return rated_lists(part.fold.user, part.fold.item, part.fold.value >= threshold, counts, k)

    given = context.settings.cut
    cut = (
        Cut(given, "given")
        if given is not None
        else choose_cut(by_prediction(validation), scale[0], fallback=threshold)
    )
    popularity_cut = choose_cut(by_count(validation), 0.0, fallback=0.0)
    model, popularity = by_prediction(test), by_count(test)
    rows_relevant = (test.fold.value >= threshold)[model.kept]
    rows_item = test.fold.item[model.kept]
    lines, relevant = {}, {}
    for segment, member in {"all": np.ones(context.num_items, np.bool_), **context.items_of}.items():
        inside = member[rows_item]
        relevant[segment] = _per_user(model, inside & rows_relevant)
        lines[segment] = _lines(
            (model, cut), (popularity, popularity_cut), member, relevant[segment], _per_user(model, inside), k
        )
    shown = model.predictions >= cut.value
    predicted = np.clip(test.prediction[model.kept], *scale)
    thresholds, positives, negatives = counts_by_score(predicted, rows_relevant)
    return RatedFindings(
        users=model.users,
        left_out=model.left_out,
        lines=lines,
        relevant=relevant,
        counts=_counts(model, shown, k),
        cut=cut,
        popularity_cut=popularity_cut,
        confusion=Confusion.of(
            hits=int(np.count_nonzero(model.hits & shown)),
            shown=int(np.count_nonzero(shown)),
            relevant=int(model.relevant.sum()),
            candidates=int(model.candidates.sum()),
        ),
        thresholds=thresholds,
        positives=positives,
        negatives=negatives,
    )


def _counts(lists: RatedLists, shown: Bools, k: int) -> Table:
    return {
        "relevant": lists.relevant.astype(np.float64),
        "test_items": lists.candidates.astype(np.float64),
        **list_counts(lists.hits, shown, (k,)),
        **rank_table(lists.relevant_places, lists.relevant),
    }


def _per_user(lists: RatedLists, rows: Bools) -> NDArray[np.int64]:
    return np.bincount(lists.row_user[rows], minlength=len(lists.users))


def _lines(
    model: tuple[RatedLists, Cut],
    popularity: tuple[RatedLists, Cut],
    member: Bools,
    relevant: NDArray[np.int64],
    selectable: NDArray[np.int64],
    k: int,
) -> Lines:
    def of(lists: RatedLists, cut: Cut) -> Table:
        inside = (lists.items >= 0) & member[lists.items]
        return selection_table(lists.hits & inside, inside & (lists.predictions >= cut.value), relevant, k)

    return {
        "model": of(*model),
        "popularity": of(*popularity),
        # Dropping items at random keeps precision and lowers recall, so without knowledge no cut is the best cut,
        # and the random line is the line of recommending everything.
        "random": selection_chance_table(relevant, selectable, model[0].candidates, k),
        "oracle": selection_best_table(relevant, k),
    }
