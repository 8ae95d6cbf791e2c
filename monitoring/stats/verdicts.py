"""The policy: from statistics to a verdict on each signal, and to one score of a check.

A signal has moved when an effect reaches its threshold *and* its test stays significant after Benjamini–Hochberg over
all tests of the check *and* both samples have the minimum size. It is then "watch", and "act" from twice the threshold
on. Otherwise it is "ok", or "not_enough" where a sample was too small to judge, which is never "ok".

Answers to edges: no reference (a feature that appears) and no window (one that vanishes) are "not_enough" with that
reason; who counts a vanished feature's rows with ``Bins.absent`` has its missing share judged, and it moved. Values
that are all equal have bins of their own, and any other value is outside. NaN and infinity are no values: their shares
are judged apart. A category never seen counts as unseen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitoring.stats.bins import Bins
from monitoring.stats.figures import Hypothesis, hypotheses_of
from monitoring.stats.significance import benjamini_hochberg
from monitoring.stats.thresholds import Thresholds

Verdict = Literal["ok", "watch", "act", "not_enough"]
Reason = Literal["moved", "small", "chance", "few", "no_reference", "vanished"]
"""small: below every threshold; chance: an effect reached its threshold but may be chance; few: too small a sample."""
MINIMUM_SAMPLE = 500
ACT_FROM = 2.0
"""Times the threshold."""
SCORE_THRESHOLD = 0.30


@dataclass(frozen=True)
class Signal:
    """Counts (b,) of reference and window in the same bins; None where there are none.

    ``kind`` is the page's word for what it is (scores, new users); the statistics follow the kind of the bins.
    ``design_effect``: how many rows stand for one independent one.
    """

    name: str
    kind: str
    reference_counts: npt.ArrayLike | None
    current_counts: npt.ArrayLike | None
    bins: Bins
    design_effect: float = 1.0


@dataclass(frozen=True)
class Figure:
    """One statistic over one signal; without a threshold it is shown and decides nothing."""

    statistic: str
    value: float
    threshold: float | None
    p_value: float
    adjusted_p: float
    test: str
    bound: float | None
    moved: bool

    @property
    def ratio(self) -> float:
        """Of the threshold; 0 where there is none."""
        return self.value / self.threshold if self.threshold else 0.0


@dataclass(frozen=True)
class Judged:
    """A signal's verdict, with the figure that decided it: of those that moved, else of all, the one furthest on."""

    name: str
    kind: str
    verdict: Verdict
    reason: Reason
    reference_size: int
    current_size: int
    figures: tuple[Figure, ...] = ()
    decided_by: Figure | None = None

    @property
    def moved(self) -> bool:
        return self.verdict in ("watch", "act")

    @property
    def severity(self) -> float:
        """0 where it has not moved, else r / (1 + r) with r = effect / threshold: from 0.5, towards 1."""
        if not self.moved or self.decided_by is None:
            return 0.0
        return self.decided_by.ratio / (1 + self.decided_by.ratio)


def judge(
    signals: Sequence[Signal],
    thresholds: Thresholds | Mapping[str, float] | None = None,
    minimum_sample: int = MINIMUM_SAMPLE,
) -> list[Judged]:
    """One verdict a signal, in their order. ``thresholds`` may be a model's own {statistic: effect}; none: defaults."""
    policy = thresholds if isinstance(thresholds, Thresholds) else Thresholds(thresholds or {})
    tests = [_judgeable(signal, minimum_sample) for signal in signals]
    adjusted = iter(benjamini_hochberg([test.p_value for found in tests for test in found]))
    return [
        _judged(signal, [(test, float(next(adjusted))) for test in found], policy)
        for signal, found in zip(signals, tests, strict=True)
    ]


def drift_score(judged: Sequence[Judged]) -> float | None:
    """0 to 1: half the greatest severity plus half the share of judged signals that moved; None where none is judged.

    One signal of twenty that just reaches its threshold scores 0.275, at twice its threshold 0.36; so 0.30 is one
    signal that clearly moved, or several that did a little.
    """
    known = [one for one in judged if one.verdict != "not_enough"]
    if not known:
        return None
    return max(one.severity for one in known) / 2 + sum(one.moved for one in known) / len(known) / 2


def _judgeable(signal: Signal, minimum_sample: int) -> list[Hypothesis]:
    """Tests whose samples are large enough."""
    if signal.reference_counts is None or signal.current_counts is None:
        return []
    one, two = (np.asarray(counts, np.int64) for counts in (signal.reference_counts, signal.current_counts))
    least = max(1, minimum_sample)
    found = hypotheses_of(signal.bins, one, two, signal.design_effect)
    return [test for test in found if min(test.reference_size, test.current_size) >= least]


def _judged(signal: Signal, tests: list[tuple[Hypothesis, float]], policy: Thresholds) -> Judged:
    n, m = _size(signal.reference_counts), _size(signal.current_counts)
    figures = tuple(_figure(signal, test, p, name, policy) for test, p in tests for name in test.effects)
    moved = [figure for figure in figures if figure.moved]
    if moved:
        decided = max(moved, key=lambda figure: figure.ratio)
        verdict: Verdict = "act" if decided.ratio >= ACT_FROM else "watch"
        return Judged(signal.name, signal.kind, verdict, "moved", n, m, figures, decided)
    if not any(test.name == "values" for test, _ in tests):
        reason: Reason = "no_reference" if not n else "vanished" if not m else "few"
        return Judged(signal.name, signal.kind, "not_enough", reason, n, m, figures)
    furthest = max(figures, key=lambda figure: figure.ratio, default=None)
    reason = "chance" if furthest is not None and furthest.ratio >= 1 else "small"
    return Judged(signal.name, signal.kind, "ok", reason, n, m, figures, furthest)


def _figure(signal: Signal, test: Hypothesis, adjusted: float, name: str, policy: Thresholds) -> Figure:
    value, threshold = test.effects[name], policy.of(signal.name, signal.bins.kind, name)
    moved = threshold is not None and value >= threshold and adjusted < policy.alpha
    return Figure(name, value, threshold, test.p_value, adjusted, test.name, test.bounds.get(name), moved)


def _size(counts: npt.ArrayLike | None) -> int:
    return 0 if counts is None else int(np.asarray(counts, np.int64).sum())


def is_alarm(judged: Sequence[Judged]) -> bool:
    """Whether any signal moved."""
    return any(one.moved for one in judged)


__all__ = ["Figure", "Judged", "Signal", "Thresholds", "drift_score", "is_alarm", "judge"]
