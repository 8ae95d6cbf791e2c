"""How often trials are wrong and how soon they are right: simulated users, looked at after every one of them.

    python -m benchmarks.trials [--repetitions 2000] [--users 10000]

Prints a JSON line for each: false wins of A/A trials (always-valid read after every user, fixed-horizon at its end,
and fixed-horizon read after every user as a warning), users that a real difference needs, false alarms and detection
of the split check, coverage of the off-policy interval, and interleaving beside a split with the same users.
"""

from __future__ import annotations

import argparse
import json
import statistics
from typing import Any

import numpy as np

from monitoring.stats.intervals import wilson
from retraining.tests.trial.simulated import DRAWS, found, share
from retraining.tests.trial.simulated_bandit import WORTH, logged
from retraining.tests.trial.simulated_lists import sensitivity
from retraining.trial.off_policy import estimate, weighed
from retraining.trial.srm import sample_ratio


def line(what: str, **figures: Any) -> None:
    print(json.dumps({"benchmark": "trials", "what": what, **figures}), flush=True)


def rate(hits: float, n: int) -> dict[str, Any]:
    """A share of n with its interval (Wilson, 95 %)."""
    one = wilson(hits, n)
    return {"share": round(one.value, 4), "interval": [round(one.low, 4), round(one.high, 4)]}


def wins(repetitions: int, users: int) -> None:
    for name, draw in DRAWS.items():
        same = found(draw, users, repetitions)
        for method in ("sequential", "fixed", "fixed, peeking"):
            line(
                "A/A",
                metric=name,
                users=users,
                method=method,
                trials=repetitions,
                **rate(sum(same[method]), repetitions),
            )
        some = max(20, repetitions // 10)
        other = found(draw, users, some, lift=0.2)
        line(
            "20 % better", metric=name, users=users, trials=some, sequential=share(other["sequential"]),
            fixed=share(other["fixed"]), sequential_users_median=statistics.median(other["users"]),
        )  # fmt: skip


def splits(repetitions: int) -> None:
    for leak in (0.0, 0.02, 0.05):
        alarms = looked_once = 0
        for seed in range(repetitions):
            rng = np.random.default_rng(seed)
            second = rng.random(50_000) < 0.5
            kept = ~second | (rng.random(50_000) >= leak)
            b, n = np.cumsum(second & kept), np.cumsum(kept)
            looks = [
                sample_ratio({"a": int(n[k] - b[k]), "b": int(b[k])}, {"a": 1, "b": 1})
                for k in range(499, 50_000, 2500)
            ]
            alarms += any(one.alarm for one in looks)
            looked_once += (looks[-1].p_value or 1) < 0.001
        once = looked_once / repetitions
        found_ = rate(alarms, repetitions)
        line("split check", leak=leak, users=50_000, looks=20, trials=repetitions, chi_square_at_the_end=once, **found_)


def off_policy(repetitions: int) -> None:
    covered, widths, values = 0, [], []
    for seed in range(repetitions):
        log = logged(seed)
        one = estimate(weighed(log.rewards, log.propensities, log.targets, log.users))
        assert one.value is not None
        assert one.low is not None
        assert one.high is not None
        covered += one.low <= WORTH <= one.high
        widths.append(one.high - one.low)
        values.append(one.value)
    mean, width = round(statistics.fmean(values), 4), round(statistics.fmean(widths), 4)
    found_ = rate(covered, repetitions)
    line("off-policy coverage at 95 %", logs=repetitions, worth=round(WORTH, 4), mean=mean, width=width, **found_)


def interleaving(repetitions: int) -> None:
    for users in (200, 400, 800, 1600, 3200):
        for better in (0.0, 0.3):
            power = sensitivity(users, better, repetitions)
            line("interleaving", users=users, better=better, trials=repetitions, **power)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--users", type=int, default=10_000)
    given = parser.parse_args()
    wins(given.repetitions, given.users)
    splits(max(20, given.repetitions // 4))
    off_policy(given.repetitions)
    interleaving(max(10, given.repetitions // 20))


if __name__ == "__main__":
    main()
