"""Whether a run ranks the catalogue worse than a popularity list: such a model must not choose lists alone (D2)."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.models import MetricValue

LISTS = "ndcg_at_10"


def loses_to_popularity(metrics: Iterable[MetricValue]) -> MetricValue | None:
    """The catalogue metric by which it ranks worse than popularity, if it does."""
    found = find_metric(metrics, "catalogue", LISTS)
    if found is None or found.value is None or found.popularity is None:
        return None
    return found if found.value < found.popularity else None


def find_metric(metrics: Iterable[MetricValue], protocol: str, name: str) -> MetricValue | None:
    """The figure over all users, or None."""
    return next(
        (row for row in metrics if row.protocol == protocol and row.name == name and row.segment == "all"), None
    )
