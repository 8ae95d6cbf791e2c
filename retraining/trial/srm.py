"""Whether users were split as planned. If not, something drops users of one arm and no figure of the trial counts.

Chi-square goodness of fit, for one look (Fabijan et al., KDD 2019). For a page that is looked at all the time the
multinomial test that is always valid (Lindon & Malek, NeurIPS 2022): the mean of its e-values over several
concentrations of the Dirichlet prior, so that small samples and large ones are both judged well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats
from scipy.special import gammaln

from retraining.records import between

ONE_LOOK_ALPHA = 0.001
ALPHA = 0.01
"""Over a whole trial, however often it is looked at; a chi-square at 0.001 that is read again and again has no less."""
LEAST_EXPECTED = 5.0
CONCENTRATIONS = (100.0, 1_000.0, 10_000.0, 100_000.0)


@dataclass(frozen=True)
class SampleRatio:
    """``p_value`` of the chi-square is for one look, ``always_valid_p`` for any number; None: too few users to say."""

    users: int
    statistic: float | None
    p_value: float | None
    always_valid_p: float | None
    alarm: bool
    sentence: str


def sample_ratio(
    counts: Mapping[str, int], shares: Mapping[str, float], alpha: float | None = None, one_look: bool = False
) -> SampleRatio:
    """Users in each arm against the planned shares (any numbers above 0, as 1:1 or 0.05:0.95).

    ``one_look``: the chi-square decides (alarm below 0.001), else the always-valid test (below 0.01).
    """
    if set(counts) != set(shares) or len(counts) < 2:
        raise ValueError(f"counts: one for each of {', '.join(shares)} is accepted, got {', '.join(counts) or 'none'}.")
    for name in counts:
        between(f"counts.{name}", counts[name], 0)
        between(f"shares.{name}", shares[name], 0, above=True)
    users, whole = sum(counts.values()), sum(shares.values())
    planned = {name: share / whole for name, share in shares.items()}
    if min(planned.values()) * users < LEAST_EXPECTED:
        return SampleRatio(users, None, None, None, False, f"{users:,} users are too few to check how they were split.")
    statistic = sum((counts[name] - users * share) ** 2 / (users * share) for name, share in planned.items())
    p_value = float(stats.chi2.sf(statistic, len(counts) - 1))
    always = 1 / max(1.0, _mean_e(counts, planned))
    usual = ONE_LOOK_ALPHA if one_look else ALPHA
    alarm = (p_value if one_look else always) < (usual if alpha is None else alpha)
    return SampleRatio(users, statistic, p_value, always, alarm, _sentence(counts, planned, users, alarm))


def _mean_e(counts: Mapping[str, int], planned: Mapping[str, float]) -> float:
    logs = [_log_e(counts, planned, one) for one in CONCENTRATIONS]
    greatest = max(logs)
    if greatest > 600:
        return math.inf
    return math.exp(greatest) * sum(math.exp(one - greatest) for one in logs) / len(logs)


def _log_e(counts: Mapping[str, int], planned: Mapping[str, float], concentration: float) -> float:
    """Log of the Dirichlet-multinomial likelihood over that of the plan."""
    users = sum(counts.values())
    found = float(gammaln(concentration) - gammaln(concentration + users))
    for name, share in planned.items():
        prior = concentration * share
        found += float(gammaln(prior + counts[name]) - gammaln(prior)) - counts[name] * math.log(share)
    return found


def _sentence(counts: Mapping[str, int], planned: Mapping[str, float], users: int, alarm: bool) -> str:
    parts = ", ".join(f"{name} {counts[name]:,} of {users * planned[name]:,.0f}" for name in counts)
    if alarm:
        return f"Users are not split as planned ({parts}): until the cause is found, no figure of this trial counts."
    return f"Users are split as planned ({parts})."
