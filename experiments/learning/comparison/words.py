"""Verdicts in plain sentences. Numbers keep as many decimals as their interval gives meaning to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.learning.comparison.results import Comparison, PairVerdict
from experiments.learning.comparison.unit_words import counted, plural

MINUS = "\u2212"


def sentence(pair: PairVerdict, names: Mapping[str, str], metric_label: str) -> str:
    """What a pair shows.

    "B is better than A on NDCG@10 by 0.012 (95 % CI 0.008 to 0.016, p = 0.001, 943 users)."

    Args:
        names: key of each run to the name that is shown.
        metric_label: for example "NDCG@10".
    """
    a, b = names[pair.a], names[pair.b]
    left_out = _left_out(pair, a, b)
    if pair.outcome == "not_enough_data":
        return (
            f"Not enough data to compare {a} and {b} on {metric_label}: {counted(pair.users, pair.unit)} in common, "
            f"at least {pair.minimum_users} are needed.{left_out}"
        )
    if pair.outcome == "identical":
        return f"{a} and {b} are identical on {metric_label} for each of {counted(pair.users, pair.unit)}.{left_out}"
    if pair.better is None:
        return _nothing_shown(pair, a, b, metric_label) + left_out
    winner, loser = (b, a) if pair.better == pair.b else (a, b)
    sizes = sorted(abs(bound) for bound in (pair.low, pair.high) if bound is not None)
    digits = _decimals(sizes[0], sizes[1])
    direction = "" if pair.higher_is_better else "lower is better, "
    return (
        f"{winner} is better than {loser} on {metric_label} by {_number(abs(pair.difference or 0.0), digits)} "
        f"({direction}{_interval(pair, sizes[0], sizes[1], digits)}, {_p(pair)}, "
        f"{counted(pair.users, pair.unit)}).{left_out}"
    )


def _nothing_shown(pair: PairVerdict, a: str, b: str, metric_label: str) -> str:
    low, high, difference = pair.low or 0.0, pair.high or 0.0, pair.difference or 0.0
    digits = _decimals(low, high)
    # An interval that excludes zero without a claim needs its reason: the p-value.
    reason = f"{_p(pair)}, " if not low <= 0 <= high else ""
    return (
        f"No difference shown between {a} and {b} on {metric_label}: the difference is {_number(difference, digits)} "
        f"({_interval(pair, low, high, digits)}, {reason}{counted(pair.users, pair.unit)})."
    )


def _left_out(pair: PairVerdict, a: str, b: str) -> str:
    parts = [
        f"{counted(n, pair.unit)} only of {name}" for n, name in ((pair.users_only_a, a), (pair.users_only_b, b)) if n
    ]
    return f" Not compared: {' and '.join(parts)}." if parts else ""


def _interval(pair: PairVerdict, low: float, high: float, digits: int) -> str:
    return f"{pair.confidence * 100:g} % CI {_number(low, digits)} to {_number(high, digits)}"


def _p(pair: PairVerdict) -> str:
    p = 1.0 if pair.p_adjusted is None else pair.p_adjusted
    adjusted = f" after correction for {pair.pairs_tested} pairs" if pair.pairs_tested > 1 else ""
    return f"p {f'= {_rounded_p(p)}' if p >= 0.001 else '< 0.001'}{adjusted}"


def _rounded_p(p: float) -> str:
    """Three decimals, rounded up, so that 0.0501 never reads as 0.05."""
    return f"{math.ceil(round(p * 1000, 6)) / 1000:.3f}"


def _decimals(low: float, high: float) -> int:
    """At least 3, and enough that the half-width and any bound that is not zero do not read as zero."""
    for digits in range(3, 12):
        unit = 10.0**-digits
        if all(size == 0 or size >= unit for size in ((high - low) / 2, abs(low), abs(high))):
            return digits
    return 12


def _number(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    return f"{MINUS}{text}" if value < 0 and float(text) != 0 else text


@dataclass(frozen=True)
class Best:
    """The run in front, and what is known of the others.

    Attributes:
        leader: key of the best value among the runs that no other is shown to be better than; None where there is
            none.
        undecided: runs it is not shown to be better than, best value first.
        behind: runs it is shown to be better than, best value first.
        untested: runs that share too few users with it.
        identical: runs with the leader's own figure for every user.
    """

    leader: str | None
    undecided: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    untested: tuple[str, ...] = ()
    identical: tuple[str, ...] = ()


def best_of(comparison: Comparison) -> Best:
    """Which run leads. Runs with too few users are never in front."""
    worse = {loser for _, loser in comparison.shown_better()}
    sign = -1 if comparison.higher_is_better else 1
    known = [(sign * run.value, run.key) for run in comparison.runs if run.value is not None and run.low is not None]
    order = [key for _, key in sorted(known, key=lambda each: each[0])]
    leader = next((key for key in order if key not in worse), None)
    if leader is None:
        return Best(None, untested=tuple(run.key for run in comparison.runs if run.key not in order))
    found: dict[str, list[str]] = {"undecided": [], "behind": [], "untested": [], "identical": []}
    for key in [*order, *(run.key for run in comparison.runs if run.key not in order)]:
        if key != leader:
            pair = comparison.pair(leader, key)
            kind = {"not_enough_data": "untested", "identical": "identical"}.get(pair.outcome, "undecided")
            found["behind" if pair.better == leader else kind].append(key)
    return Best(leader, **{kind: tuple(keys) for kind, keys in found.items()})


def best_sentence(comparison: Comparison, names: Mapping[str, str], metric_label: str) -> str:
    """The comparison as a whole: "B leads on NDCG@10, but is not shown to be better than C." """
    best, units = best_of(comparison), plural(comparison.unit)
    if best.leader is None:
        if len(best.untested) == len(comparison.runs):
            return f"Not enough data to say which run leads on {metric_label}."
        return f"No run leads on {metric_label}: each is shown to be worse than another on the {units} the two share."
    leader = names[best.leader]
    tail = f" Not enough data on {_listed(best.untested, names, 'and')}." if best.untested else ""
    same = f" {_listed(best.identical, names, 'and')} scored exactly the same." if best.identical else ""
    if best.undecided:
        others = _listed(best.undecided, names, "or")
        return f"{leader} leads on {metric_label}, but is not shown to be better than {others}.{same}{tail}"
    if best.behind:
        others = "every other run" if not (best.identical or best.untested) else _listed(best.behind, names, "and")
        return f"{leader} is shown to be better than {others} on {metric_label}.{same}{tail}"
    if best.identical:
        return f"{leader} and {_listed(best.identical, names, 'and')} scored exactly the same on {metric_label}.{tail}"
    return f"{leader} is the only run with enough {units} on {metric_label}.{tail}"


def _listed(keys: tuple[str, ...], names: Mapping[str, str], word: str) -> str:
    shown = [names[key] for key in keys]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"
