"""The catalogue protocol: rank everything a user has not seen, and look how far up the test interactions stand.

Per test user every item outside the user's training and validation data is a candidate. Relevant are the user's test
interactions (explicit ratings: those at or above the relevance threshold) among the candidates; a test item the user
already had in training cannot be recommended and is not counted against any model. Users without a relevant candidate
are left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.arrays import Bools, Floats, Ints, Scores
from experiments.learning.metrics.confusion import Confusion
from experiments.learning.metrics.context import Context
from experiments.learning.metrics.counts import list_counts, rank_table
from experiments.learning.metrics.coverage import Coverage, ExpectedCoverage
from experiments.learning.metrics.diversity import diversity
from experiments.learning.metrics.lines import (
    Line,
    Lines,
    Table,
    best_table,
    chance_table,
    joined,
    joined_tables,
    list_table,
    selection_best_table,
    selection_chance_table,
    selection_table,
)
from experiments.learning.metrics.novelty import mean_of_candidates, mean_of_list, self_information
from experiments.learning.metrics.pairs import PairSet
from experiments.learning.metrics.popularity_bias import popularity_share
from experiments.learning.metrics.topk import first_unseen, mask_seen, ranks, require_finite, top_k


@dataclass(frozen=True)
class CatalogueFindings:
    """All the catalogue protocol gathers.

    Attributes:
        users: counted users, ascending, shape (n,).
        lines: segment ("all", "head_items", "tail_items") to tables of n values.
        relevant: the same segments to the number of relevant candidates of each user, shape (n,).
        counts: counts and ranks of each user under the model, n values each.
        coverage: line to {k: share}.
        confusion: decisions at the headline k.
        positives, decisions: relevant and all decisions at each place of the lists, shape (num_items,).
    """

    users: NDArray[np.int64]
    lines: dict[str, Lines]
    relevant: dict[str, NDArray[np.int64]]
    counts: Table
    coverage: dict[Line, dict[int, float]]
    confusion: Confusion
    positives: NDArray[np.int64]
    decisions: NDArray[np.int64]


class CataloguePass:
    """Takes score blocks one after the other and keeps per-user values and counts, never scores.

    Args:
        context: the training side.
        relevant: relevant candidates (see the module).
    """

    def __init__(self, context: Context, relevant: PairSet) -> None:
        self.context, self.relevant = context, relevant
        settings, items = context.settings, context.num_items
        self.ks, self.k = settings.ks, settings.headline_k
        self.novelty = self_information(context.item_counts, context.training_users)
        self.popularity = popularity_share(context.item_counts, context.training_users)
        self.shown = {line: Coverage(self.ks, items) for line in ("model", "popularity")}
        self.by_chance = ExpectedCoverage(self.ks, items)
        self.confusion = Confusion()
        self.positives = np.zeros(items, dtype=np.int64)
        self.candidate_counts = np.zeros(items + 1, dtype=np.int64)
        self.users: list[Ints] = []
        self.lines: dict[str, list[Lines]] = {"all": [], "head_items": [], "tail_items": []}
        self.relevant_of: dict[str, list[NDArray[np.int64]]] = {"all": [], "head_items": [], "tail_items": []}
        self.counts: list[Table] = []

    def add(self, users: Ints, scores: Scores) -> None:
        """Take in the scores of counted users against every item; ``scores`` is changed.

        Raises:
            ValueError: a score is NaN or infinite.
        """
        require_finite(scores, users)
        seen = self.context.seen.block(users)
        relevant = self.relevant.counts(users)
        candidates = self.context.num_items - np.bincount(seen[0], minlength=len(users))
        mask_seen(scores, *seen)
        ordered = np.sort(scores, axis=1)
        lists = {
            "model": top_k(scores, self.ks[-1], ordered),
            "popularity": first_unseen(self.context.popular_first, *seen, len(users), self.ks[-1]),
        }
        places = ranks(scores, ordered, *self.relevant.block(users))
        self.positives += np.bincount(places, minlength=self.context.num_items)
        self.candidate_counts += np.bincount(candidates, minlength=self.context.num_items + 1)
        self.by_chance.add(candidates, *seen)
        self.users.append(users)
        ranked = rank_table(places, relevant)
        self._add_lists(users, lists, relevant, candidates, seen, ranked)

    def findings(self) -> CatalogueFindings:
        """Everything taken in; at least one block."""
        places = np.arange(self.context.num_items)
        users_with_at_most = np.cumsum(self.candidate_counts)
        return CatalogueFindings(
            users=np.concatenate(self.users).astype(np.int64),
            lines={segment: joined(blocks) for segment, blocks in self.lines.items()},
            relevant={segment: np.concatenate(counts) for segment, counts in self.relevant_of.items()},
            counts=joined_tables(self.counts),
            coverage={
                "model": {k: self.shown["model"].at(k) for k in self.ks},
                "popularity": {k: self.shown["popularity"].at(k) for k in self.ks},
                "random": {k: self.by_chance.at(k) for k in self.ks},
                "oracle": {k: self.by_chance.best(k) for k in self.ks},
            },
            confusion=self.confusion,
            positives=self.positives,
            decisions=users_with_at_most[-1] - users_with_at_most[places],
        )

    def _add_lists(
        self,
        users: Ints,
        lists: dict[str, NDArray[np.int32]],
        relevant: NDArray[np.int64],
        candidates: NDArray[np.int64],
        seen: tuple[NDArray[np.int64], NDArray[np.int64]],
        ranked: Table,
    ) -> None:
        is_relevant = self.relevant.dense(users)
        hits = {
            line: np.take_along_axis(is_relevant, np.maximum(items, 0), axis=1) & (items >= 0)
            for line, items in lists.items()
        }
        for line, items in lists.items():
            self.shown[line].add(items)
        self.confusion += Confusion.of(
            hits=int(np.count_nonzero(hits["model"][:, : self.k])),
            shown=int(np.count_nonzero(lists["model"][:, : self.k] >= 0)),
            relevant=int(relevant.sum()),
            candidates=int(candidates.sum()),
        )
        beyond = self._beyond_accuracy(lists, candidates, seen)
        self.relevant_of["all"].append(relevant)
        self.counts.append(
            {
                "relevant": relevant.astype(np.float64),
                "candidates": candidates.astype(np.float64),
                **list_counts(hits["model"], lists["model"] >= 0, self.ks),
                **ranked,
            }
        )
        self.lines["all"].append(
            {
                "model": list_table(hits["model"], relevant, self.ks) | beyond["model"],
                "popularity": list_table(hits["popularity"], relevant, self.ks) | beyond["popularity"],
                "random": chance_table(relevant, candidates, self.ks) | beyond["random"],
                "oracle": best_table(relevant, candidates, self.ks) | beyond["oracle"],
            }
        )
        for segment, member in self.context.items_of.items():
            self._add_item_segment(segment, member, users, lists, hits, candidates, seen)

    def _beyond_accuracy(
        self,
        lists: dict[str, NDArray[np.int32]],
        candidates: NDArray[np.int64],
        seen: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> Lines:
        """Novelty, popularity bias and diversity at the headline k (random diversity is estimated by evaluate)."""
        k = self.k
        rarest = first_unseen(self.context.rare_first, *seen, len(candidates), k)

        def of(items: NDArray[np.int32]) -> Table:
            top = items[:, :k]
            return {
                f"novelty_at_{k}": mean_of_list(self.novelty, top),
                f"popularity_bias_at_{k}": mean_of_list(self.popularity, top),
            }

        def diverse(items: NDArray[np.int32]) -> Floats:
            return diversity(items[:, :k], self.context.vectors)

        return {
            "model": {**of(lists["model"]), f"diversity_at_{k}": diverse(lists["model"])},
            "popularity": {**of(lists["popularity"]), f"diversity_at_{k}": diverse(lists["popularity"])},
            "random": {
                f"novelty_at_{k}": mean_of_candidates(self.novelty, candidates, *seen),
                f"popularity_bias_at_{k}": mean_of_candidates(self.popularity, candidates, *seen),
            },
            "oracle": {**of(rarest), f"diversity_at_{k}": np.ones(len(candidates))},
        }

    def _add_item_segment(
        self,
        segment: str,
        member: Bools,
        users: Ints,
        lists: dict[str, NDArray[np.int32]],
        hits: dict[str, Bools],
        candidates: NDArray[np.int64],
        seen: tuple[NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        rows, items = self.relevant.block(users)
        relevant = np.bincount(rows[member[items]], minlength=len(users))
        selectable = int(member.sum()) - np.bincount(seen[0][member[seen[1]]], minlength=len(users))

        def of(line: str) -> Table:
            top = lists[line][:, : self.k]
            shown = (top >= 0) & member[top]
            return selection_table(hits[line][:, : self.k] & shown, shown, relevant, self.k)

        self.relevant_of[segment].append(relevant)
        self.lines[segment].append(
            {
                "model": of("model"),
                "popularity": of("popularity"),
                "random": selection_chance_table(relevant, selectable, candidates, self.k),
                "oracle": selection_best_table(relevant, self.k),
            }
        )
