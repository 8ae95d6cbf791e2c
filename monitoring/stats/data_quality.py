"""Is what comes in as it was when the version learnt? Shares of values that are not, judged one by one.

A share is bad when it exceeds what training had by its allowance *and* its Wilson interval (99.8 %) lies above what
training had *and* there are enough rows. It is then "watch", and "act" from twice the allowance on. Otherwise it is
"ok", or "not_enough" below the minimum of rows. The ratio (excess / allowance) compares unlike checks: bad from 1 on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from monitoring.stats.intervals import wilson

Verdict = Literal["ok", "watch", "act", "not_enough"]
Reason = Literal["within", "beyond", "chance", "few", "no_reference", "vanished", "none"]
ACT_FROM = 2.0
LEVEL = 0.998
ALLOWED = {
    "missing": 0.05,
    "out_of_range": 0.05,
    "unseen": 0.05,
    "type_change": 0.01,
    "unknown_users": 0.40,
    "unknown_items": 0.10,
}
"""By how much a share may exceed that of training. Of unknown users nearly half: fewer is how an audience grows
(drift judges that), more is ids that no longer fit. A change of type is never by chance."""
FEWEST_TYPES = 30
"""Rows from which on a change of type is judged: it needs no distribution."""


@dataclass(frozen=True)
class Share:
    """``bad`` of ``n`` values, where of the training's ``expected_of`` values a share ``expected`` was so."""

    signal: str
    statistic: str
    bad: int
    n: int
    expected: float = 0.0
    expected_of: int | None = None


@dataclass(frozen=True)
class Judged:
    share: Share
    value: float | None
    threshold: float
    low: float | None
    high: float | None
    ratio: float
    verdict: Verdict
    reason: Reason


def judge(share: Share, minimum: int, allowed: float | None = None) -> Judged:
    """``allowed`` overrides the default of the statistic."""
    allowance = ALLOWED[share.statistic] if allowed is None else allowed
    threshold = min(1.0, share.expected + allowance)
    if not share.n:
        return Judged(share, None, threshold, None, None, 0.0, "not_enough", "none")
    found = wilson(share.bad, share.n, LEVEL)
    ratio = max(0.0, (found.value - share.expected) / allowance)
    verdict, reason = _verdict(share, found.low, ratio, minimum)
    return Judged(share, found.value, threshold, found.low, found.high, ratio, verdict, reason)


def _verdict(share: Share, low: float, ratio: float, minimum: int) -> tuple[Verdict, Reason]:
    least = min(minimum, FEWEST_TYPES) if share.statistic == "type_change" else minimum
    if share.n < least:
        return "not_enough", "few"
    if ratio < 1:
        return "ok", "within"
    if low <= share.expected:
        return "ok", "chance"
    reason: Reason = "vanished" if share.statistic == "missing" and share.bad == share.n else "beyond"
    return ("act" if ratio >= ACT_FROM or reason == "vanished" else "watch"), reason


def worst(verdicts: Iterable[str]) -> Verdict:
    """Of those that were judged; not enough where none was."""
    found = set(verdicts)
    order: tuple[Verdict, ...] = ("act", "watch", "ok")
    return next((one for one in order if one in found), "not_enough")
