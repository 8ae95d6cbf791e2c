"""The verdict of a whole trial."""

from __future__ import annotations

import json

import numpy as np
import pytest

from retraining.trial.guards import Guard
from retraining.trial.sums import Sums
from retraining.trial.winner import Arm, TrialPlan, judge

ERRORS = Guard("errors", "Share of requests that failed", "share", "above", 0.01)
PLAN = TrialPlan("ndcg_at_10", 8000, guards=(ERRORS,))


def arm(name: str, mean: float, users: int = 4000, errors: float = 0.002, share: float = 0.5) -> Arm:
    rng = np.random.default_rng(int(mean * 1000) + users)
    metric = Sums.of(rng.beta(4 * mean, 4 * (1 - mean), users))
    return Arm(name, share, users, metric, {"errors": Sums.of(rng.random(users) < errors, np.ones(users))})


def test_the_better_variant_wins() -> None:
    found = judge(PLAN, arm("1.0.0", 0.40), [arm("1.1.0", 0.46)])
    assert (found.outcome, found.winner, found.harmful) == ("winner", "1.1.0", ())
    assert found.sentence.startswith("1.1.0 wins: ndcg_at_10 0.4")
    assert json.loads(json.dumps(found.to_json()))["variants"][0]["difference"]["p_value"] < 0.05
    fixed = judge(TrialPlan("ndcg_at_10", 8000, method="fixed"), arm("a", 0.40), [arm("b", 0.46)])
    assert (fixed.outcome, fixed.winner) == ("winner", "b")


def test_lower_is_better_for_some() -> None:
    plan = TrialPlan("rmse", 8000, better="below", guards=())
    assert judge(plan, arm("a", 0.46), [arm("b", 0.40)]).winner == "b"


def test_a_fixed_horizon_is_not_read_early() -> None:
    plan = TrialPlan("ndcg_at_10", 8001, method="fixed", guards=(ERRORS,))
    early = judge(plan, arm("a", 0.40), [arm("b", 0.60)])
    assert (early.outcome, early.winner) == ("not_enough", None)
    assert "8,000 of 8,001 planned users" in early.sentence
    assert judge(plan, arm("a", 0.40), [arm("b", 0.60, errors=0.2)]).harmful == ("b",)


def test_a_broken_split_has_no_winner() -> None:
    found = judge(PLAN, arm("a", 0.40, 4000), [arm("b", 0.60, 3000)])
    assert (found.outcome, found.winner, found.harmful) == ("srm_broken", None, ())
    assert "no figure of this trial counts" in found.sentence


def test_who_breaks_a_guard_rail_does_not_win() -> None:
    found = judge(PLAN, arm("a", 0.40), [arm("b", 0.46, errors=0.1)])
    assert (found.outcome, found.winner, found.harmful) == ("no_difference", None, ("b",))
    assert found.sentence == "b is better on ndcg_at_10 and broke a guard-rail: nobody wins."
    plan = TrialPlan("ndcg_at_10", 12_000, guards=(ERRORS,))
    two = judge(plan, arm("a", 0.40), [arm("b", 0.50, errors=0.1), arm("c", 0.46)])
    assert two.winner == "c"


def test_a_worse_variant_is_harmful_and_the_control_stays() -> None:
    found = judge(PLAN, arm("a", 0.46), [arm("b", 0.40)])
    assert (found.outcome, found.winner, found.harmful) == ("winner", "a", ("b",))


def test_no_difference_and_not_enough() -> None:
    same = arm("b", 0.40).metric
    control = arm("a", 0.40)
    variant = Arm("b", 0.5, 4000, same)
    done = judge(PLAN, control, [variant])
    assert done.outcome == "no_difference"
    assert "is ruled out" in done.sentence
    early = judge(TrialPlan("ndcg_at_10", 8001), control, [variant])
    assert early.outcome == "not_enough"
    silent = judge(PLAN, control, [Arm("b", 0.5, 4000, Sums.of([]))])
    assert silent.outcome == "not_enough"


def test_same_trials_rarely_have_a_winner() -> None:
    won = 0
    for seed in range(150):
        rng, sums = np.random.default_rng(seed), [Sums.of([]), Sums.of([])]
        for look in range(1, 11):
            sums = [one + Sums.of(rng.random(200)) for one in sums]
            arms = [Arm(name, 0.5, 200 * look, one) for name, one in zip("ab", sums, strict=True)]
            if judge(TrialPlan("clicks", 4000, guards=()), arms[0], arms[1:]).winner:
                won += 1
                break
    assert won / 150 <= 0.05


def test_plans_go_to_json_and_back() -> None:
    assert TrialPlan.from_json(json.loads(json.dumps(PLAN.to_json()))) == PLAN
    with pytest.raises(ValueError, match="method: fixed, sequential are accepted"):
        TrialPlan.from_json({"metric": "f1", "planned_users": 9, "method": "bayes"})
    with pytest.raises(ValueError, match="planned_users: a number at least 2"):
        TrialPlan("f1", 0)
    with pytest.raises(ValueError, match="at least one"):
        judge(PLAN, arm("a", 0.4), [])
