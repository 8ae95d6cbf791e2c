"""Which names an expression may use: values of each user by protocol, and figures of the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from experiments.learning.metrics.lines import RANKING_METRICS
from experiments.learning.metrics.segments import USER_SEGMENTS
from experiments.learning.metrics.settings import EvaluationSettings

PROTOCOLS = ("rated", "catalogue", "pointwise")
METRICS = "metrics"
SELECTIONS = ("precision", "recall", "ndcg")
"""Ranking metrics of the rated protocol."""


@dataclass(frozen=True)
class Columns:
    """Names that are known, each with what it says.

    Attributes:
        per_user: protocol to {column: words}; values of each user.
        metrics: protocol to {metric: words}; figures of the run over all users.
        segments: conditions on the user that every protocol has.
    """

    per_user: Mapping[str, Mapping[str, str]]
    metrics: Mapping[str, Mapping[str, str]]
    segments: Sequence[str] = USER_SEGMENTS

    def protocols_of(self, name: str) -> list[str]:
        """Protocols that have this value of each user."""
        return [key for key, names in self.per_user.items() if name in names or name in self.segments]

    def names(self) -> Iterator[str]:
        """Every name as it is written in full."""
        for protocol, names in self.per_user.items():
            yield from (f"{protocol}.{name}" for name in (*names, *self.segments))
        for protocol, names in self.metrics.items():
            yield from (f"{METRICS}.{protocol}.{name}" for name in names)


def standard(ks: Sequence[int] = EvaluationSettings().ks) -> Columns:
    """What runs of this product are measured with."""
    return Columns(
        per_user={"catalogue": _catalogue(ks), "rated": _rated(ks[0]), "pointwise": _POINTWISE},
        metrics={
            "catalogue": _run_metrics(_catalogue_lists(ks)) | {f"coverage_at_{k}": _SAYS["coverage"] for k in ks},
            "rated": _run_metrics(_rated_lists(ks[0])),
            "pointwise": {"rmse": "root mean squared error", "mae": "mean absolute error"},
        },
    )


_SAYS = {
    "precision": "share of the recommended that is relevant",
    "recall": "share of the relevant that is recommended",
    "f1": "balance of precision and recall",
    "ndcg": "quality of the order",
    "map": "average precision",
    "mrr": "1 / rank of the first relevant item in the list, 0 where none is",
    "hit_rate": "1 where any recommended item is relevant, else 0",
    "novelty": "how unknown the shown items are, in bits",
    "diversity": "how unlike each other the shown items are",
    "popularity_bias": "how popular the shown items are",
    "coverage": "share of all items that are shown to anybody",
}
_POINTWISE = {
    "ratings": "number of test ratings",
    "squared_error": "sum of squared errors over them",
    "absolute_error": "sum of absolute errors over them",
}
_RANKS = {
    "first_rank": "rank of the first relevant item, 1 is the top",
    "mean_rank": "mean rank of the relevant items",
    "last_rank": "rank of the last relevant item",
}


def _counts(k: int) -> dict[str, str]:
    return {
        f"hits_at_{k}": f"relevant items among those recommended at {k}",
        f"recommended_at_{k}": f"items recommended at {k}",
    }


def _catalogue_lists(ks: Sequence[int]) -> dict[str, str]:
    lists = {metric.name(k): _SAYS[metric.key] for k in ks for metric in RANKING_METRICS}
    return lists | {f"{name}_at_{ks[0]}": _SAYS[name] for name in ("novelty", "diversity", "popularity_bias")}


def _catalogue(ks: Sequence[int]) -> dict[str, str]:
    found = _catalogue_lists(ks) | {"relevant": "relevant test items", "candidates": "items that were ranked"}
    for k in ks:
        found |= _counts(k)
    return found | _RANKS


def _rated_lists(k: int) -> dict[str, str]:
    return {f"{name}_at_{k}": _SAYS[name] for name in SELECTIONS}


def _rated(k: int) -> dict[str, str]:
    found = _rated_lists(k) | {"relevant": "relevant test items", "test_items": "test items, all of them"}
    return found | _counts(k) | _RANKS


def _run_metrics(per_user: Mapping[str, str]) -> dict[str, str]:
    """Means of what users have, and F1 of mean precision and mean recall."""
    found: dict[str, str] = {}
    for name, words in per_user.items():
        found[name] = words
        if name.startswith("recall_at_"):
            found[name.replace("recall", "f1", 1)] = _SAYS["f1"]
    return found


STANDARD = standard()
