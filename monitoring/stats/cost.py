"""Cost of errors (D3) from counts and prices. Counts are stored and money is not: a new price needs no new counting.

A decision is one item shown to one user or not. Cost per 1,000 predictions = 1000 (price_fp · FP + price_fn · FN) /
(TP + FP + FN + TN). For classifiers the confusion matrix is the ordinary one, for numbers a price a unit of error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitoring.stats.types import Floats

PRICE_FALSE_POSITIVE = 10.0
PRICE_FALSE_NEGATIVE = 50.0


@dataclass(frozen=True)
class Prices:
    """Dollars for an irrelevant item shown and for a relevant one missed."""

    false_positive: float = PRICE_FALSE_POSITIVE
    false_negative: float = PRICE_FALSE_NEGATIVE

    def __post_init__(self) -> None:
        for name in ("false_positive", "false_negative"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}: a price of at least 0 is accepted, got {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Confusion:
    """Decisions by what was done and what was right."""

    tp: float
    fp: float
    fn: float
    tn: float

    def __post_init__(self) -> None:
        if min(self.tp, self.fp, self.fn, self.tn) < 0:
            raise ValueError(f"counts: at least 0 is accepted, got {self}.")

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def decisions(self) -> float:
        return self.tp + self.fp + self.fn + self.tn

    @property
    def fp_rate(self) -> float | None:
        """FP / (FP + TN); None where nothing was irrelevant."""
        return self.fp / (self.fp + self.tn) if self.fp + self.tn else None

    @property
    def fn_rate(self) -> float | None:
        """FN / (FN + TP); None where nothing was relevant."""
        return self.fn / (self.fn + self.tp) if self.fn + self.tp else None


@dataclass(frozen=True)
class Cost:
    """Dollars: of the false positives, of the false negatives; a thousand decisions and a list where there are any."""

    false_positives: float
    false_negatives: float
    per_1000: float | None
    per_list: float | None

    @property
    def total(self) -> float:
        return self.false_positives + self.false_negatives

    @property
    def per_1000_lists(self) -> float | None:
        return None if self.per_list is None else 1000 * self.per_list


def cost_of(counts: Confusion, prices: Prices, lists: float = 0) -> Cost:
    """Of all decisions together; ``lists`` is how many answers they come from, 0 where that is not known."""
    wrong_shown, missed = prices.false_positive * counts.fp, prices.false_negative * counts.fn
    total = wrong_shown + missed
    return Cost(
        wrong_shown,
        missed,
        1000 * total / counts.decisions if counts.decisions else None,
        total / lists if lists else None,
    )


def cost_of_numbers(over: float, under: float, n: float, price_over: float, price_under: float) -> Cost:
    """For models that answer with numbers: sums of too much and of too little (both at least 0) over n answers."""
    if min(over, under, n, price_over, price_under) < 0:
        raise ValueError("over, under, n, price_over, price_under: at least 0 is accepted.")
    high, low = price_over * over, price_under * under
    return Cost(high, low, 1000 * (high + low) / n if n else None, (high + low) / n if n else None)


def confusion_of(pairs: Mapping[str, Mapping[str, float]], positive: str | None = None) -> Confusion:
    """Of a classifier from {answered: {true: count}}, as windows keep it.

    With ``positive`` the others are negative. Without, each label against the rest, summed up (micro): a wrong answer
    is one false positive for what was answered and one false negative for what was true.
    """
    labels = set(pairs) | {true for row in pairs.values() for true in row}
    if positive is not None and labels and positive not in labels:
        raise ValueError(f"positive: one of {', '.join(sorted(labels))} is accepted, got {positive!r}.")
    total = Confusion(0, 0, 0, 0)
    everything = sum(count for row in pairs.values() for count in row.values())
    for label in sorted(labels) if positive is None else [positive]:
        answered = sum(pairs.get(label, {}).values())
        true = sum(row.get(label, 0) for row in pairs.values())
        right = pairs.get(label, {}).get(label, 0)
        total += Confusion(right, answered - right, true - right, everything - answered - true + right)
    return total


@dataclass(frozen=True)
class Lengths:
    """Expected cost a list by its length 0 … K: ``costs`` is (K + 1,); ``best``, of 1 … K, is the shortest cheapest:
    who shows nothing has no list."""

    costs: Floats
    best: int

    @property
    def best_cost(self) -> float:
        return float(self.costs[self.best])


def best_length(
    shown: npt.ArrayLike, positive: npt.ArrayLike, relevant: float, lists: float, prices: Prices
) -> Lengths:
    """From counts by place in the list (K,): items shown there, and those of them that are relevant.

    ``relevant`` are all relevant items of the ``lists``, shown or not. A list cut at length L shows the items before
    place L; the relevant ones behind it are missed. Shown items nobody judged cost nothing where the caller passes
    only judged ones as ``shown``, and cost as irrelevant where it passes all.
    """
    at, good = np.asarray(shown, np.float64), np.asarray(positive, np.float64)
    if at.ndim != 1 or at.shape != good.shape:
        raise ValueError(f"positive: as many places as shown are accepted, {at.shape}, got {good.shape}.")
    if (good < 0).any() or (good > at).any():
        raise ValueError("positive: at each place 0 up to the items shown there are accepted.")
    if lists <= 0:
        raise ValueError(f"lists: more than 0 are accepted, got {lists:g}.")
    if relevant < good.sum():
        raise ValueError(f"relevant: at least the {good.sum():g} that were shown are accepted, got {relevant:g}.")
    hits = np.concatenate([[0.0], good.cumsum()])
    wrong = np.concatenate([[0.0], (at - good).cumsum()])
    costs = (prices.false_positive * wrong + prices.false_negative * (relevant - hits)) / lists
    return Lengths(costs, 1 + int(np.argmin(costs[1:])) if len(at) else 0)
