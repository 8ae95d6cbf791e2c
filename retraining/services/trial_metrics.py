"""What a trial may be judged by. Each is Σx / Σy over the users of an arm; a user's x and y are sums over his answers.

The definitions are monitoring's (monitoring/summaries/judged.py, classes.py, numbers.py): Σx / Σy over all users is the
figure that its windows give for the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from experiments.learning.families import Family
from experiments.models import RegisteredModel
from retraining.trial.sums import Kind

Better = Literal["above", "below"]
CREDIT = "credit"
_LISTS = (Family.RECOMMENDATION,)
_CLASSES = (Family.NEXT_BEST_ACTION,)
_NUMBERS = (Family.FORECASTING, Family.PRICING, Family.LOCATION_SCORING)


@dataclass(frozen=True)
class MetricSpec:
    """``kind`` as the tests have it; ``unit`` is what a difference is measured in, "" for a share or score."""

    name: str
    title: str
    kind: Kind
    better: Better
    unit: str
    applies: tuple[Family, ...]
    of: str
    """What Σy counts, for people."""


METRICS: dict[str, MetricSpec] = {
    one.name: one
    for one in (
        MetricSpec("ndcg_at_10", "Live NDCG@10", "mean", "above", "", _LISTS, "lists with a known positive"),
        MetricSpec("precision_at_10", "Live Precision@10", "mean", "above", "", _LISTS, "judged lists"),
        MetricSpec("recall_at_10", "Live Recall@10", "mean", "above", "", _LISTS, "lists with a known positive"),
        MetricSpec("hit_rate_at_10", "Live hit rate@10", "share", "above", "", _LISTS, "judged lists"),
        MetricSpec("clicks_per_list", "Clicks a list", "mean", "above", "clicks", _LISTS, "lists shown"),
        MetricSpec("conversion_share", "Users who convert", "share", "above", "", _LISTS, "users with a list"),
        MetricSpec("cost_per_1000_lists", "Cost per 1,000 lists", "mean", "below", "$", _LISTS, "judged lists"),
        MetricSpec("right_share", "Share of right labels", "share", "above", "", _CLASSES, "answers with a label"),
        MetricSpec("absolute_error", "Mean absolute error", "mean", "below", "", _NUMBERS, "answers with a true value"),
    )
}
INTERLEAVED = MetricSpec(
    CREDIT, "Preference of users", "mean", "above", "", _LISTS, "users who chose from an interleaved list"
)
"""d = (variant − control) / (variant + control) credits of a user, −1 to 1; retraining/trial/interleaving.py."""


def spec_of(name: str) -> MetricSpec:
    """Raises KeyError."""
    return INTERLEAVED if name == CREDIT else METRICS[name]


def choices(model: RegisteredModel) -> Mapping[str, MetricSpec]:
    """Those that say something of this model's answers, the usual one first."""
    family = Family(model.family)
    return {name: one for name, one in METRICS.items() if family in one.applies}
