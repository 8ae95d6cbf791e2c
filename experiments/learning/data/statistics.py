"""What a dataset looks like, as JSON-able numbers for its page."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import Interactions

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
HEAD_SHARES = (0.01, 0.05, 0.10, 0.20)
MAX_LORENZ_POINTS = 50
MAX_TIME_BUCKETS = 60
MAX_VALUE_BARS = 21
TOP_ITEMS = 10
BINS_A_DECADE = 5


def describe(interactions: Interactions) -> dict[str, Any]:
    """Everything the dataset page draws; plain numbers, text, lists and dictionaries, never NaN.

    Keys: counts, values, time, per_user, per_item, long_tail, activity, most_popular. ``time`` and ``activity`` are
    None without times. Shares lie between 0 and 1; times are ISO 8601 in UTC.
    """
    per_user = np.bincount(interactions.user, minlength=interactions.num_users)
    per_item = np.bincount(interactions.item, minlength=interactions.num_items)
    return {
        "counts": counts(interactions),
        "values": value_statistics(interactions),
        "time": time_range(interactions),
        "per_user": distribution(per_user),
        "per_item": distribution(per_item),
        "long_tail": long_tail(per_item),
        "activity": activity(interactions),
        "most_popular": most_popular(interactions, per_item),
    }


def counts(interactions: Interactions) -> dict[str, Any]:
    """Sizes; density is the share of all (user, item) pairs that occur, sparsity the rest."""
    cells = interactions.num_users * interactions.num_items
    density = len(interactions) / cells if cells else 0.0
    return {
        "interactions": len(interactions),
        "users": interactions.num_users,
        "items": interactions.num_items,
        "density": density,
        "sparsity": 1.0 - density,
        "feedback": interactions.feedback,
        "scale": list(interactions.scale) if interactions.scale else None,
        "test_rows": None if interactions.part is None else int(np.count_nonzero(interactions.part == 1)),
    }


def value_statistics(interactions: Interactions) -> dict[str, Any]:
    """Mean, spread, quantiles and a histogram: a bar a level where there are few, else logarithmic bins."""
    return number_summary(interactions.value.astype(np.float64))


def number_summary(value: NDArray[np.float64]) -> dict[str, Any]:
    """The same of any numbers, shape (n,), n > 0, none of them NaN."""
    levels, level_counts = np.unique(value, return_counts=True)
    if len(levels) <= MAX_VALUE_BARS:
        histogram = [
            {"from": _short(x), "to": _short(x), "count": int(n)} for x, n in zip(levels, level_counts, strict=True)
        ]
    else:
        histogram = _binned(value)
    return {
        "mean": _short(value.mean()),
        "standard_deviation": _short(value.std()),
        "quantiles": {f"{q:g}": _short(x) for q, x in zip(QUANTILES, np.quantile(value, QUANTILES), strict=True)},
        "levels": len(levels),
        "histogram": histogram,
    }


def distribution(per_one: NDArray[np.int64]) -> dict[str, Any]:
    """Interactions per user (or item), shape (n,): mean, quantiles, histogram in logarithmic bins."""
    return {
        "mean": float(per_one.mean()),
        "quantiles": {f"{q:g}": float(x) for q, x in zip(QUANTILES, np.quantile(per_one, QUANTILES), strict=True)},
        "histogram": log_histogram(per_one),
    }


def log_histogram(numbers: NDArray[np.int64]) -> list[dict[str, int]]:
    """Whole numbers above 0 in bins that grow by 10^(1/5); both ends of a bin belong to it."""
    top = int(numbers.max())
    steps = math.ceil(math.log10(max(top, 1)) * BINS_A_DECADE) + 1
    starts = sorted({math.ceil(10 ** (step / BINS_A_DECADE)) for step in range(steps + 1)} | {1})
    edges = [start for start in starts if start <= top] + [top + 1]
    found, _ = np.histogram(numbers, bins=np.array(edges))
    return [
        {"from": low, "to": high - 1, "count": int(count)}
        for low, high, count in zip(edges, edges[1:], found, strict=False)
    ]


def long_tail(per_item: NDArray[np.int64]) -> dict[str, Any]:
    """How unequally interactions fall on items.

    ``head``: share of interactions of the most popular 1, 5, 10 and 20 % of items (rounded up to whole items).
    ``lorenz``: points (share of items, the least popular first; their share of interactions), at most 50.
    ``gini``: 0 where all items are equally popular, towards 1 where one has everything. For x_1 <= ... <= x_n:
    G = sum (2 i - n - 1) x_i / (n sum x_i) (https://en.wikipedia.org/wiki/Gini_coefficient#Alternative_expressions).
    """
    ordered = np.sort(per_item)
    total, size = int(ordered.sum()), len(ordered)
    cumulated = np.concatenate(([0], np.cumsum(ordered)))
    head = {f"{share:g}": float(total - cumulated[size - math.ceil(share * size)]) / total for share in HEAD_SHARES}
    points = np.unique(np.linspace(0, size, min(size + 1, MAX_LORENZ_POINTS)).round().astype(int))
    gini = float(((2 * np.arange(1, size + 1) - size - 1) * ordered).sum() / (size * total))
    return {
        "head": head,
        "lorenz": [[float(point / size), float(cumulated[point] / total)] for point in points],
        "gini": gini,
    }


def time_range(interactions: Interactions) -> dict[str, Any] | None:
    """First and last time, and the days between."""
    if interactions.timestamp is None or not len(interactions):
        return None
    first, last = int(interactions.timestamp.min()), int(interactions.timestamp.max())
    return {"first": iso(first), "last": iso(last), "days": (last - first) / 86_400}


def activity(interactions: Interactions) -> list[dict[str, Any]] | None:
    """Interactions a month (UTC); several months a bucket where there would be more than 60 buckets."""
    if interactions.timestamp is None or not len(interactions):
        return None
    months = interactions.timestamp.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    first, last = int(months.min()), int(months.max())
    width = math.ceil((last - first + 1) / MAX_TIME_BUCKETS)
    found = np.bincount((months - first) // width, minlength=(last - first) // width + 1)
    return [
        {"month": _month(first + bucket * width), "months": width, "count": int(count)}
        for bucket, count in enumerate(found)
    ]


def most_popular(interactions: Interactions, per_item: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The ten items with most interactions; equal ones in the order of their identifiers."""
    top = np.lexsort((np.arange(len(per_item)), -per_item))[:TOP_ITEMS]
    mean = np.bincount(interactions.item, interactions.value, minlength=len(per_item)) / np.maximum(per_item, 1)
    titles = interactions.titles()
    return [
        {
            "id": str(interactions.item_ids[j]),
            "title": str(titles[j]),
            "count": int(per_item[j]),
            "mean": float(mean[j]),
        }
        for j in top
    ]


def iso(seconds: int) -> str:
    """Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat().replace("+00:00", "Z")


def _short(number: Any) -> float:
    """Without the tail of digits that a float32 such as 0.1 grows as a float64."""
    return float(f"{number:.7g}")


def _binned(value: NDArray[np.float64]) -> list[dict[str, Any]]:
    low, high = float(value.min()), float(value.max())
    logarithmic = low > 0 and high / low > 100
    edges = np.geomspace(low, high, MAX_VALUE_BARS) if logarithmic else np.linspace(low, high, MAX_VALUE_BARS)
    edges[0], edges[-1] = low, high  # rounding must not leave the extremes outside
    found, _ = np.histogram(value, bins=edges)
    return [
        {"from": _short(a), "to": _short(b), "count": int(n)} for a, b, n in zip(edges, edges[1:], found, strict=False)
    ]


def _month(index: int) -> str:
    return str(np.datetime64(index, "M"))
