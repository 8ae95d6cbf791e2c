"""The verdict on two to many runs: values with intervals, and for each pair whether one is shown to be better.

For every pair the users that both runs have are resampled together (``bootstrap``) and their rows swapped at random
(``randomisation``). A run is called better only where the interval of the difference excludes zero *and* the p-value,
after Holm's correction for all pairs shown, is below 1 - confidence. Everything else is "no difference shown", which is
not "equal". docs/comparison.md has the assumptions and how often this is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from experiments.learning.comparison.bootstrap import RESAMPLES, interval, resampled_sums
from experiments.learning.comparison.errors import CannotCompare
from experiments.learning.comparison.estimators import Estimator, estimator_for
from experiments.learning.comparison.holm import holm
from experiments.learning.comparison.pairing import Group, Measured, groups_of, require_same_test, same_rows, sums_of
from experiments.learning.comparison.randomisation import SWAPS, swapped
from experiments.learning.comparison.results import Comparison, Outcome, PairVerdict, RunScores, RunValue
from experiments.learning.comparison.units import blocks_of, jackknife_error
from experiments.learning.comparison.words import Best, best_of, best_sentence, sentence
from experiments.learning.metrics.arrays import Floats

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
) -> Comparison:
    """Every run's value and every pair's verdict; the same input and seed always give the same figures.

    A pair's interval and p-value do not depend on which other runs are shown; only Holm's correction does.

    Args:
        runs: one or more, each with a key of its own, all of one protocol and segment.
        metric: wire name, for example ``ndcg_at_10``.
        confidence: of all intervals; claims are made at 1 - confidence.
        minimum_users: pairs with fewer common users get no interval and no test, at least 2.
        estimator: of a metric that is not among the built-in ones.

    Raises:
        CannotCompare: the metric is no function of per-user results, runs are of different protocols or segments, a
            column is missing, a value is infinite, or two runs were tested on different ratings.
    """
    chosen = estimator or estimator_for(protocol, metric)
    if chosen is None:
        raise CannotCompare(f"{metric} under the {protocol} protocol is no function of per-user results.")
    _check(runs, protocol, confidence, minimum_users)
    measured = [Measured.of(run, chosen) for run in runs]
    work = _Work(chosen, measured, confidence, seed, minimum_users)
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
        resamples=RESAMPLES,
        swaps=SWAPS,
        seed=seed,
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


class _Work:
    """Values and pairs found so far, group by group; pairs are not yet corrected for each other."""

    def __init__(
        self, estimator: Estimator, runs: list[Measured], confidence: float, seed: int, minimum_users: int
    ) -> None:
        self.estimator, self.runs, self.confidence = estimator, runs, confidence
        self.seed, self.minimum = seed, minimum_users
        self.values: dict[int, RunValue] = {}
        self.pairs: dict[tuple[int, int], PairVerdict] = {}

    def judge(self, group: Group) -> None:
        """One pass over the users of a group."""
        for a, b in group.pairs:
            require_same_test(self.runs[a], self.runs[b], group.users)
        members = group.members
        place = {run: position for position, run in enumerate(members)}
        enough = len(group.users) >= self.minimum
        blocks = blocks_of(len(group.users), self.seed)
        units = sums_of([self.runs[run] for run in members], group.users, blocks)
        given = self.estimator.value(units.sum(axis=0)) if len(group.users) else None
        resampled = self._resampled(units) if enough else None
        for run in group.alone:
            self.values[run] = self._value(run, place[run], units, given, resampled)
        for a, b in group.pairs:
            self.pairs[a, b] = self._pair(a, b, (place[a], place[b]), group, len(units), given, resampled)
        if enough:
            self._test(group, place, units)

    def _resampled(self, units: Floats) -> Floats:
        """Every run's metric in every resample, shape (resamples, runs)."""
        count, runs, columns = units.shape
        sums = resampled_sums(units.reshape(count, runs * columns), RESAMPLES, self.seed)
        return self.estimator.value(sums.reshape(RESAMPLES, runs, columns))

    def _value(self, run: int, place: int, units: Floats, given: Floats | None, resampled: Floats | None) -> RunValue:
        measured = self.runs[run]
        found = RunValue(measured.key, None, None, None, None, len(measured), measured.undefined)
        if given is None:
            return found
        found = replace(found, value=float(given[place]))
        if resampled is None:
            return found
        low, high = interval(resampled[:, place], len(units), self.confidence)
        return replace(found, standard_error=jackknife_error(self.estimator, units[:, place]), low=low, high=high)

    def _pair(
        self,
        a: int,
        b: int,
        places: tuple[int, int],
        group: Group,
        units: int,
        given: Floats | None,
        resampled: Floats | None,
    ) -> PairVerdict:
        common = len(group.users)
        value_a, value_b = (None, None) if given is None else (float(given[place]) for place in places)
        pair = PairVerdict(
            a=self.runs[a].key,
            b=self.runs[b].key,
            value_a=value_a,
            value_b=value_b,
            difference=None if value_a is None or value_b is None else value_b - value_a,
            low=None,
            high=None,
            p_value=None,
            p_adjusted=None,
            users=common,
            users_only_a=len(self.runs[a]) - common,
            users_only_b=len(self.runs[b]) - common,
            outcome="not_enough_data",
            confidence=self.confidence,
            minimum_users=self.minimum,
            higher_is_better=self.estimator.higher_is_better,
        )
        if resampled is None:
            return pair
        if same_rows(self.runs[a], self.runs[b], group.users):
            return replace(pair, low=0.0, high=0.0, p_value=1.0, outcome="identical")
        low, high = interval(resampled[:, places[1]] - resampled[:, places[0]], units, self.confidence)
        return replace(pair, low=low, high=high, outcome="no_difference_shown")

    def _test(self, group: Group, place: dict[int, int], units: Floats) -> None:
        tested = [pair for pair in group.pairs if self.pairs[pair].p_value is None]
        found = swapped(self.estimator, units, [(place[a], place[b]) for a, b in tested], seed=self.seed)
        for pair, swaps in zip(tested, found, strict=True):
            self.pairs[pair] = replace(self.pairs[pair], p_value=swaps.p_value)


def _decided(pairs: Sequence[PairVerdict], confidence: float) -> tuple[PairVerdict, ...]:
    """The same pairs with Holm's correction and, where it is earned, a claim."""
    tested = [pair.p_value for pair in pairs if pair.p_value is not None]
    adjusted = iter(holm(tested))
    return tuple(
        _claim(replace(pair, p_adjusted=next(adjusted), pairs_tested=len(tested)), confidence)
        if pair.p_value is not None
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
