"""What a comparison says, as immutable records. All figures are in the metric's own units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    # For annotations alone: pages read these records without opening a table.
    from experiments.learning.comparison.per_user import PerUser

Outcome = Literal["b_better", "a_better", "no_difference_shown", "not_enough_data", "identical"]


@dataclass(frozen=True)
class RunScores:
    """One run as handed to a comparison: a key of the caller's (its id, say) and what its users scored."""

    key: str
    scores: PerUser


@dataclass(frozen=True)
class RunValue:
    """One run's metric over its own users, those for whom it is defined.

    ``value`` is None where there is no such user; ``standard_error``, ``low`` and ``high`` are None where there are
    fewer users than the comparison's minimum. ``undefined`` counts users for whom the metric is not defined (NaN).
    """

    key: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    users: int
    undefined: int = 0


@dataclass(frozen=True)
class PairVerdict:
    """Two runs over the users that both have.

    Attributes:
        a, b: keys of the runs, in the order in which they were handed over.
        value_a, value_b: the metric of each over the common users; None where there is none.
        difference: value_b - value_a; ``low`` and ``high`` are its confidence interval.
        p_value: of the paired randomisation test. None where nothing was tested.
        p_limit: the largest p-value that the drawn swaps leave possible, so that a claim does not hang on the seed.
        p_adjusted: ``p_limit`` after Holm's correction for the pairs tested together; what a claim rests on.
        users: common users for whom both runs have the metric.
        users_only_a, users_only_b: users whom only that run has (or for whom only it is defined); not compared.
        outcome: a run is called better only where the interval excludes zero and ``p_adjusted`` < 1 - confidence.
        pairs_tested: how many pairs Holm's correction was made for.
        confidence, minimum_users, higher_is_better, unit: those of the comparison, so that a pair speaks for itself.
    """

    a: str
    b: str
    value_a: float | None
    value_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    users: int
    users_only_a: int
    users_only_b: int
    outcome: Outcome
    p_limit: float | None = None
    pairs_tested: int = 1
    confidence: float = 0.95
    minimum_users: int = 30
    higher_is_better: bool = True
    unit: str = "user"

    @property
    def better(self) -> str | None:
        """Key of the run shown to be better, None where none is."""
        return {"a_better": self.a, "b_better": self.b}.get(self.outcome)


@dataclass(frozen=True)
class Comparison:
    """Every run and every pair of one metric under one protocol, and how it was worked out.

    ``unit`` is what ``users`` are called under the protocol: user, series, product, customer or place.
    """

    metric: str
    protocol: str
    segment: str
    higher_is_better: bool
    confidence: float
    runs: tuple[RunValue, ...]
    pairs: tuple[PairVerdict, ...]
    minimum_users: int
    resamples: int
    swaps: int
    seed: int
    unit: str = "user"

    def pair(self, one: str, other: str) -> PairVerdict:
        """The verdict on two runs, whichever comes first in it. Raises KeyError for keys that were not compared."""
        for pair in self.pairs:
            if {pair.a, pair.b} == {one, other}:
                return pair
        raise KeyError(f"{one!r} and {other!r} were not compared.")

    def shown_better(self) -> Iterator[tuple[str, str]]:
        """(better, worse) of every pair in which a run is shown to be better."""
        for pair in self.pairs:
            if pair.better is not None:
                yield pair.better, pair.b if pair.better == pair.a else pair.a
