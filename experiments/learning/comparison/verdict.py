"""The verdict on two to many runs: values with intervals, and for each pair whether one is shown to be better.

For every pair the users that both runs have are resampled together (``bootstrap``) and their rows swapped at random
(``randomisation``). A run is called better only where the interval of the difference excludes zero *and* the p-value,
with its Monte Carlo error and Holm's correction for all pairs shown, is below 1 - confidence. Everything else is "no
difference shown", which is not "equal". docs/comparison.md has the assumptions and how often this is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiments.learning.comparison.bootstrap import RESAMPLES, interval, resampled_sums
from experiments.learning.comparison.errors import CannotCompare
from experiments.learning.comparison.estimators import Estimator, estimator_for
from experiments.learning.comparison.holm import holm
from experiments.learning.comparison.pairing import Group, Measured, groups_of, require_same_test, same_rows, sums_of
from experiments.learning.comparison.randomisation import SWAPS, swapped
from experiments.learning.comparison.results import Comparison, Outcome, PairVerdict, RunScores, RunValue
from experiments.learning.comparison.unit_words import unit_of
from experiments.learning.comparison.units import blocks_of, effective_units, jackknife_error, leave_one_out
from experiments.learning.comparison.words import Best, best_of, best_sentence, sentence
from experiments.learning.metrics.arrays import Floats
from experiments.learning.recommenders.blas import one_thread

__all__ = [
    "Best",
    "Comparison",
    "PairVerdict",
    "RunScores",
    "RunValue",
    "best_of",
    "best_sentence",
    "compare",
    "sentence",
]

SEED = 20_241
MINIMUM_USERS = 30


def compare(
    runs: Sequence[RunScores],
    metric: str,
    protocol: str,
    *,
    confidence: float = 0.95,
    seed: int = SEED,
    minimum_users: int = MINIMUM_USERS,
    estimator: Estimator | None = None,
    resamples: int = RESAMPLES,
    swaps: int = SWAPS,
    unit: str = "",
) -> Comparison:
    """Every run's value and every pair's verdict; the same input and seed always give the same figures.

    A pair's interval and p-value do not depend on which other runs are shown; only Holm's correction does.

    Args:
        runs: one or more, each with a key of its own, all of one protocol and segment.
        metric: wire name, for example ``ndcg_at_10``.
        confidence: of all intervals; claims are made at 1 - confidence.
        minimum_users: pairs with fewer common users get no interval and no test, at least 2.
        estimator: of a metric that is not among the built-in ones.
        resamples, swaps: how many are drawn for the intervals and for the p-values; fewer make claims rarer.
        unit: what one unit is called where it is not what the protocol's units usually are.

    Raises:
        CannotCompare: the metric is no function of per-user results, runs are of different protocols or segments, a
            column is missing, a value is infinite, or two runs were tested on different ratings.
    """
    chosen = estimator or estimator_for(protocol, metric)
    if chosen is None:
        raise CannotCompare(f"{metric} under the {protocol} protocol is no function of per-user results.")
    _check(runs, protocol, confidence, minimum_users)
    measured = [Measured.of(run, chosen) for run in runs]
    unit = unit or unit_of(protocol)
    work = _Work(chosen, measured, _Settings(confidence, seed, minimum_users, resamples, swaps, unit))
    with one_thread():
        for group in groups_of(measured):
            work.judge(group)
    return Comparison(
        metric=metric,
        protocol=protocol,
        segment=runs[0].scores.segment,
        higher_is_better=chosen.higher_is_better,
        confidence=confidence,
        runs=tuple(work.values[position] for position in range(len(runs))),
        pairs=_decided([work.pairs[pair] for pair in sorted(work.pairs)], confidence),
        minimum_users=minimum_users,
        resamples=resamples,
        swaps=swaps,
        seed=seed,
        unit=unit,
    )


def _check(runs: Sequence[RunScores], protocol: str, confidence: float, minimum_users: int) -> None:
    if not runs:
        raise CannotCompare("No run was given; accepted: one or more.")
    if len({run.key for run in runs}) < len(runs):
        raise CannotCompare("A run was given twice; accepted: each run once.")
    if not 0 < confidence < 1:
        raise CannotCompare(f"confidence is {confidence!r}; accepted: a number above 0 and below 1.")
    if minimum_users < 2:
        raise CannotCompare(f"minimum_users is {minimum_users!r}; accepted: 2 or more.")
    for run in runs:
        if run.scores.protocol != protocol:
            raise CannotCompare(f"Run {run.key} has {run.scores.protocol} results; asked for: {protocol}.")
        if run.scores.segment != runs[0].scores.segment:
            raise CannotCompare(f"Run {run.key} has results of another segment, {run.scores.segment!r}.")


@dataclass(frozen=True)
class _Settings:
    confidence: float
    seed: int
    minimum_users: int
    resamples: int
    swaps: int
    unit: str


@dataclass(frozen=True)
class _Pass:
    """What one pass over the users of a group yields.

    Attributes:
        place: position of each run of the group in the arrays.
        units: sums, shape (units, runs, columns + 1).
        given: each run's metric, shape (runs,).
        resampled: each run's metric in each resample, shape (resamples, runs).
        left: each run's metric without one unit each, shape (units, runs).
    """

    place: dict[int, int]
    units: Floats
    given: Floats
    resampled: Floats
    left: Floats


class _Work:
    """Values and pairs found so far, group by group; pairs are not yet corrected for each other."""

    def __init__(self, estimator: Estimator, runs: list[Measured], settings: _Settings) -> None:
        self.estimator, self.runs, self.settings = estimator, runs, settings
        self.values: dict[int, RunValue] = {}
        self.pairs: dict[tuple[int, int], PairVerdict] = {}

    def judge(self, group: Group) -> None:
        """One pass over the users of a group."""
        for a, b in group.pairs:
            require_same_test(self.runs[a], self.runs[b], group.users, self.settings.unit)
        found = self._pass(group)
        for run in group.alone:
            self.values[run] = self._value(run, group, found)
        for a, b in group.pairs:
            self.pairs[a, b] = self._pair(a, b, group, found)
        if found is not None:
            self._test(group, found)

    def _pass(self, group: Group) -> _Pass | None:
        """None where there are too few users to resample."""
        if len(group.users) < self.settings.minimum_users:
            return None
        members = group.members
        blocks = blocks_of(len(group.users), self.settings.seed)
        units = sums_of([self.runs[run] for run in members], group.users, blocks)
        count, runs, columns = units.shape
        sums = resampled_sums(units.reshape(count, runs * columns), self.settings.resamples, self.settings.seed)
        return _Pass(
            place={run: position for position, run in enumerate(members)},
            units=units,
            given=self.estimator.value(units.sum(axis=0)),
            resampled=self.estimator.value(sums.reshape(-1, runs, columns)),
            left=leave_one_out(self.estimator, units),
        )

    def _point(self, run: int, group: Group) -> float | None:
        """A run's metric over the users of a group; None where there is none."""
        if not len(group.users):
            return None
        units = sums_of([self.runs[run]], group.users, None)
        return float(self.estimator.value(units.sum(axis=0))[0])

    def _value(self, run: int, group: Group, found: _Pass | None) -> RunValue:
        measured = self.runs[run]
        value = RunValue(measured.key, None, None, None, None, len(measured), measured.undefined)
        if found is None:
            return replace(value, value=self._point(run, group))
        place = found.place[run]
        error = jackknife_error(found.left[:, place])
        effective = effective_units(self.estimator, found.units[:, place])
        low, high = interval(found.resampled[:, place], error, effective, self.settings.confidence)
        return replace(value, value=float(found.given[place]), standard_error=error, low=low, high=high)

    def _pair(self, a: int, b: int, group: Group, found: _Pass | None) -> PairVerdict:
        values = (
            (self._point(a, group), self._point(b, group))
            if found is None
            else (float(found.given[found.place[a]]), float(found.given[found.place[b]]))
        )
        pair = self._untested(a, b, group, values)
        if found is None:
            return pair
        if same_rows(self.runs[a], self.runs[b], group.users):
            return replace(pair, low=0.0, high=0.0, p_value=1.0, p_limit=1.0, outcome="identical")
        first, second = found.place[a], found.place[b]
        low, high = interval(
            found.resampled[:, second] - found.resampled[:, first],
            jackknife_error(found.left[:, second] - found.left[:, first]),
            effective_units(self.estimator, found.units[:, first]),
            self.settings.confidence,
        )
        return replace(pair, low=low, high=high, outcome="no_difference_shown")

    def _untested(self, a: int, b: int, group: Group, values: tuple[float | None, float | None]) -> PairVerdict:
        first, second = values
        common = len(group.users)
        return PairVerdict(
            a=self.runs[a].key,
            b=self.runs[b].key,
            value_a=first,
            value_b=second,
            difference=None if first is None or second is None else second - first,
            low=None,
            high=None,
            p_value=None,
            p_adjusted=None,
            users=common,
            users_only_a=len(self.runs[a]) - common,
            users_only_b=len(self.runs[b]) - common,
            outcome="not_enough_data",
            confidence=self.settings.confidence,
            minimum_users=self.settings.minimum_users,
            higher_is_better=self.estimator.higher_is_better,
            unit=self.settings.unit,
        )

    def _test(self, group: Group, found: _Pass) -> None:
        tested = [pair for pair in group.pairs if self.pairs[pair].p_value is None]
        places = [(found.place[a], found.place[b]) for a, b in tested]
        results = swapped(self.estimator, found.units, places, swaps=self.settings.swaps, seed=self.settings.seed)
        for pair, result in zip(tested, results, strict=True):
            self.pairs[pair] = replace(self.pairs[pair], p_value=result.p_value, p_limit=result.p_limit)


def _decided(pairs: Sequence[PairVerdict], confidence: float) -> tuple[PairVerdict, ...]:
    """The same pairs with Holm's correction and, where it is earned, a claim."""
    tested = [pair.p_limit for pair in pairs if pair.p_limit is not None]
    adjusted = iter(holm(tested))
    return tuple(
        _claim(replace(pair, p_adjusted=next(adjusted), pairs_tested=len(tested)), confidence)
        if pair.p_limit is not None
        else pair
        for pair in pairs
    )


def _claim(pair: PairVerdict, confidence: float) -> PairVerdict:
    if pair.outcome != "no_difference_shown" or pair.low is None or pair.high is None or pair.p_adjusted is None:
        return pair
    if pair.low <= 0 <= pair.high or not pair.p_adjusted < 1 - confidence:
        return pair
    better: Outcome = "b_better" if (pair.low > 0) == pair.higher_is_better else "a_better"
    return replace(pair, outcome=better)
