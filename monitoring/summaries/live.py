"""How good judged answers were, each figure with its interval of 95 % and how many answers it is made of.

From a merged summary of windows: ``judged`` for lists, ``classes`` and ``probabilities`` for classifiers, ``numbers``
for models that answer with numbers. The formulas are those of summaries/judged.py and docs/monitoring.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from monitoring.stats.auc import auc_binned, auc_interval, calibration_error
from monitoring.stats.f1 import F1, Sums, f1_interval, f1_of_means, f1_of_pairs
from monitoring.stats.intervals import Interval, mean_interval, wilson
from monitoring.summaries import judged, probabilities
from monitoring.summaries.types import Summary

Kind = Literal["lists", "classes", "numbers"]
MEASURES: Mapping[Kind, tuple[str, ...]] = {
    "lists": ("judged",),
    "classes": ("classes", "probabilities"),
    "numbers": ("numbers",),
}
ALL_MEASURES = ("judged", "classes", "probabilities", "numbers")
POSITIVE_WORDS = ("1", "true", "yes", "positive", "y", "t")
"""Of two labels the one that is called like this is the positive one."""


@dataclass(frozen=True)
class Measured:
    """``low`` and ``high`` are the ends of its interval, None where they are not known; made of ``n`` answers.

    ``bound``: the most by which counting in bins can have moved the value; None where nothing was binned.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    bound: float | None = None

    @property
    def error(self) -> float | None:
        """The standard error that the interval stands for."""
        if self.low is None or self.high is None:
            return None
        return (self.high - self.low) / 2 / 1.959964


Figures = dict[str, Measured]


def kind_of(summary: Summary) -> Kind | None:
    """What was answered, by what the most feedback is on; None where nothing is judged."""
    sizes: dict[Kind, float] = {
        "lists": judged.whole(summary.get("judged")).get("lists", 0),
        "classes": (summary.get("classes") or {}).get("n", 0),
        "numbers": (summary.get("numbers") or {}).get("n", 0),
    }
    best = max(sizes, key=lambda kind: sizes[kind])
    return best if sizes[best] else None


def figures_of(summary: Summary, kind: Kind) -> Figures:
    """By metric; what is not defined on these answers is left out."""
    if kind == "lists":
        return of_lists(judged.whole(summary.get("judged")))
    return _classes(summary) if kind == "classes" else _numbers(summary)


def segments_of(summary: Summary) -> dict[str, Figures]:
    """Of lists by how much the version knows of the user: new, light, heavy (summaries/judged.py)."""
    parts = (summary.get("judged") or {}).get("segments", {})
    return {name: of_lists(parts[name]) for name in judged.SEGMENTS if name in parts and name != "unknown"}


def popularity_of(summary: Summary) -> dict[str, Figures]:
    """Of lists by the popularity of items in training, head and tail (summaries/popularity.py).

    Precision: positives / places among the first ten; recall: positives among the first ten / items known to be
    positive. Intervals are Wilson's, as if places were independent.
    """
    found: dict[str, Figures] = {}
    for name in ("head", "tail"):
        counts = (summary.get("by_popularity") or {}).get(name)
        if not counts:
            continue
        pairs = {"precision_at_10": counts["places"], "recall_at_10": counts["wanted"]}
        figures = {metric: _measured(wilson(counts["hits"], n), n) for metric, n in pairs.items() if n}
        found[name] = {metric: one for metric, one in figures.items() if one is not None}
    return found


def of_lists(sums: Mapping[str, float]) -> Figures:
    """From sums over judged lists; recall, NDCG and F1 over those with a known positive."""
    if not sums or not sums["lists"]:
        return {}
    n, known = sums["lists"], sums["with_positive"]
    out = {
        "ndcg_at_10": _measured(mean_interval(known, sums["ndcg"], sums["ndcg2"]), known),
        "precision_at_10": _measured(mean_interval(n, sums["precision"], sums["precision2"]), n),
        "recall_at_10": _measured(mean_interval(known, sums["recall"], sums["recall2"]), known),
        "f1_at_10": _measured(f1_interval(_f1_sums(sums)), known),
        "hit_rate_at_10": _measured(wilson(sums["with_hit"], n), n),
    }
    return {name: one for name, one in out.items() if one is not None}


def f1_of(summary: Summary, kind: Kind, positive: str | None = None) -> F1:
    """F1 of a window with its standard error; of classifiers that of as many independent answers, which is rough.

    ``positive``: of classifiers with two labels, the one that counts as positive in all windows.
    """
    if kind == "lists":
        sums = judged.whole(summary.get("judged"))
        return f1_of_means(_f1_sums(sums)) if sums else F1(math.nan, math.nan)
    found = summary.get("classes")
    if kind != "classes" or not found:
        return F1(math.nan, math.nan)
    value = f1_of_pairs(found["confusion"], positive)
    return F1(value, math.sqrt(max(value * (1 - value), 1e-12) / found["n"]))


def labels_of(summary: Summary, kind: Kind) -> int:
    """Answers of the window that F1 is made of."""
    if kind == "lists":
        return int(judged.whole(summary.get("judged")).get("with_positive", 0))
    return int((summary.get(kind) or {}).get("n", 0))


def positive_of(summary: Summary) -> str | None:
    """The positive one of two labels: by its name, else the last in the alphabet. None of more or fewer."""
    found = summary.get("classes")
    if not found or found["rest"]:
        return None
    labels: list[str] = sorted({*found["confusion"], *(true for row in found["confusion"].values() for true in row)})
    if len(labels) == 1 and labels[0].lower() in ("0", "1"):
        labels = ["0", "1"]
    if len(labels) != 2:
        return None
    return next((label for label in labels if label.lower() in POSITIVE_WORDS), labels[1])


def _f1_sums(sums: Mapping[str, float]) -> Sums:
    """Lists without a known positive have no hit, so their precision is 0 and its square adds nothing."""
    return Sums(
        sums["with_positive"], sums["precision_with_positive"], sums["recall"], sums["precision2"], sums["recall2"],
        sums["precision_recall"],
    )  # fmt: skip


def _classes(summary: Summary) -> Figures:
    found = summary.get("classes")
    if not found or not found["n"]:
        return {}
    n = found["n"]
    positive = positive_of(summary)
    out = {
        "accuracy": _measured(wilson(found["right"], n), n),
        "f1": Measured(f1_of_pairs(found["confusion"], positive), None, None, n),
        **_probabilities(summary.get("probabilities"), found["confusion"], positive),
    }
    return {name: one for name, one in out.items() if one is not None}


def _probabilities(summary: Any, confusion: Mapping[str, Any], positive: str | None) -> dict[str, Measured | None]:
    if not summary or not summary["n"]:
        return {}
    n = summary["n"] - summary["rest"]
    right, wrong = probabilities.by_confidence(summary)
    half_bin = 0.5 / probabilities.BINS
    if positive is None:
        auc = auc_binned(right, wrong)
        calibration = Measured(calibration_error(right, wrong), None, None, n, half_bin)
        return {"confidence_auc": _measured(auc_interval(auc), n, auc.bound), "calibration": calibration}
    labels = {*confusion, *(true for row in confusion.values() for true in row)}
    negative = next((label for label in sorted(labels) if label != positive), "")
    up, down = probabilities.by_probability(summary, positive, negative)
    auc = auc_binned(up, down)
    calibration = Measured(calibration_error(up, down), None, None, n, half_bin)
    return {"auc": _measured(auc_interval(auc), n, auc.bound), "calibration": calibration}


def _numbers(summary: Summary) -> Figures:
    found = summary.get("numbers")
    if not found or not found["n"]:
        return {}
    n = found["n"]
    squares = mean_interval(n, found["squared"], found.get("fourth", math.inf))
    ends = [math.sqrt(max(0.0, end)) if math.isfinite(end) else end for end in squares[1:]]
    out = {
        "mae": _measured(mean_interval(n, found["absolute"], found["squared"]), n),
        "rmse": _measured(Interval(math.sqrt(squares.value), *ends), n),
        "bias": _measured(mean_interval(n, found["error"], found["squared"]), n),
    }
    return {name: one for name, one in out.items() if one is not None}


def _measured(found: Interval, n: float, bound: float | None = None) -> Measured | None:
    if not math.isfinite(found.value):
        return None
    low, high = (end if math.isfinite(end) else None for end in found[1:])
    return Measured(found.value, low, high, int(n), bound)
