"""Statistics of a period's predictions as the API has them: by item, by day, by user, and one figure over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from experiments.models import RegisteredModel
from monitoring.models import Source, Window
from monitoring.selectors.titles import titles_of
from monitoring.selectors.traffic import sources_of
from monitoring.selectors.windows import Period, Totals, WindowPoint, series, total
from monitoring.summaries import figures, measures
from monitoring.summaries.top import Frequent

NAMES = (
    "predictions", "errors", "labelled", "error_rate", "labelled_share", "fallback_share", "unique_users",
    "unique_items", "average_confidence", "median_confidence", "latency_mean_ms", "latency_p50_ms", "latency_p95_ms",
    "latency_p99_ms", "judged_lists", "judged_lists_with_positive", "precision_at_10", "recall_at_10", "f1_at_10",
    "ndcg_at_10", "hit_rate_at_10", "judged_classes", "accuracy", "judged_numbers", "bias", "mae", "rmse",
)  # fmt: skip
_NEEDED = ("counts", "users", "items", "confidence", "latency", "judged", "classes", "numbers")


def figures_of(totals: Totals) -> figures.Figures:
    return figures.traffic(totals.summary) | figures.quality(totals.summary)


def statistics(model: RegisteredModel, chosen: Period, limit: int) -> dict[str, Any]:
    """Figures of the whole, and the ``limit`` most frequent items and users with their bounds; every day."""
    sources = sources_of(model)
    whole = total(sources, chosen)
    items = whole.top_items(limit)
    datasets = [one.version.dataset for one in sources if one.version is not None]
    titles = titles_of(datasets, [one.word for one in items])
    known_users = whole.counts.get("known_users", 0)
    return {
        "figures": figures_of(whole),
        "by_item": [_frequent(one, whole.shown_items) | {"title": titles.get(one.word, "")} for one in items],
        "by_day": _days(series(sources, chosen)),
        "by_user": [_frequent(one, known_users) for one in whole.top_users(limit)],
    }


def metric_history(model: RegisteredModel, chosen: Period, name: str, *, by_source: bool) -> list[dict[str, Any]]:
    """A figure of each window: of the sources together, or of each for itself. Windows without it are left out."""
    sources = sources_of(model)
    groups: dict[tuple[int | None, dt.datetime], list[WindowPoint]] = {}
    for point in series(sources, chosen, _NEEDED):
        groups.setdefault((point.source_id if by_source else None, point.start), []).append(point)
    known = {one.pk: one for one in sources}
    found = []
    for (source_id, start), points in groups.items():
        summary = measures.merge([point.summary for point in points], _NEEDED)
        value = (figures.traffic(summary) | figures.quality(summary)).get(name)
        if value is not None:
            found.append({"start": start, "value": value, **_named(known.get(source_id) if source_id else None)})
    return found


def previous_day(sources: Sequence[Source], before: dt.date) -> dt.date | None:
    """The newest day before this one on which any of the sources answered."""
    rows = Window.objects.filter(
        source__in=[one.pk for one in sources],
        level=Window.Level.DAY,
        start__lt=dt.datetime.combine(before, dt.time(), dt.UTC),
        predictions__gt=0,
    )
    found = rows.order_by("-start").values_list("start", flat=True).first()
    return None if found is None else found.astimezone(dt.UTC).date()


def _named(source: Source | None) -> dict[str, Any]:
    return {"version": source.number if source else "", "role": source.role if source else ""}


def _frequent(one: Frequent, of: int) -> dict[str, Any]:
    return {
        "name": one.word,
        "count": one.count,
        "low": one.low,
        "high": one.high,
        "share": one.count / of if of else None,
    }


def _days(points: Sequence[WindowPoint]) -> list[dict[str, Any]]:
    found: dict[dt.date, dict[str, int]] = {}
    for point in points:
        sums = found.setdefault(point.start.astimezone(dt.UTC).date(), {"predictions": 0, "errors": 0, "labelled": 0})
        for name in sums:
            sums[name] += getattr(point, name)
    return [{"day": day, **sums} for day, sums in sorted(found.items())]
