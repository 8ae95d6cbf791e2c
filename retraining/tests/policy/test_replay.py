"""What would have happened: the policy carries its own acts along."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from retraining.policy.inputs import Inputs
from retraining.policy.policy import Policy
from retraining.policy.replay import what_if
from retraining.tests.policy.signals import NOW, inputs, reading

POLICY = Policy(mode="automatic")


def hours(drifts: list[float], **changes: object) -> list[Inputs]:
    return [
        replace(inputs(), now=NOW + timedelta(hours=n), drift=reading(drift, at=NOW + timedelta(hours=n)), **changes)
        for n, drift in enumerate(drifts)
    ]


def without_schedule(policy: Policy) -> Policy:
    return policy.changed({"schedule.on": False, "stale_after_hours": 1000.0})


def test_one_retraining_a_cool_down_while_a_breach_lasts() -> None:
    found = what_if(without_schedule(POLICY), hours([0.5] * 60))
    assert [(one - NOW).total_seconds() / 3600 for one in found.retrainings] == [0, 25, 50]
    assert found.triggers["drift"] == 60
    assert found.tiers == {"consider_soon": 60}


def test_an_edited_threshold_changes_what_would_have_happened() -> None:
    history = hours([0.1] * 10 + [0.35] * 10 + [0.6] * 10)
    policy = without_schedule(POLICY)
    assert [len(what_if(policy, history, {"drift.above": limit}).retrainings) for limit in (0.05, 0.3, 0.4, 0.7)] == [
        2,
        1,
        1,
        0,
    ]
    assert what_if(policy, history, {"mode": "off"}).retrainings == ()
    with pytest.raises(ValueError, match=r"drift.limit: no such field"):
        what_if(policy, history, {"drift.limit": 1})


def test_the_schedule_and_the_cap_are_kept() -> None:
    calm = [replace(one, performance=None, degradation=None) for one in hours([0.1] * (24 * 21))]
    weekly = what_if(POLICY.changed({"stale_after_hours": 1000.0}), calm)
    assert [one.strftime("%a %H:%M") for one in weekly.retrainings] == ["Mon 02:00"] * 3
    often = what_if(without_schedule(POLICY), hours([0.9] * 48), {"brakes.cool_down_hours": 0.0}, timedelta(0))
    assert [one.hour for one in often.retrainings] == [12, 13, 0, 1, 0, 1]


def test_rows_are_used_up_by_a_retraining() -> None:
    policy = without_schedule(POLICY).changed(
        {"new_rows.on": True, "new_rows.at_least": 300, "brakes.cool_down_hours": 0.0, "brakes.daily_cap": 9}
    )
    history = [replace(one, new_rows=100 * n) for n, one in enumerate(hours([0.1] * 10))]
    assert [(one - NOW).total_seconds() / 3600 for one in what_if(policy, history, takes=timedelta(0)).retrainings] == [
        3,
        6,
        9,
    ]
    reset = [
        replace(one, new_rows=rows) for one, rows in zip(hours([0.1] * 6), [300, 0, 100, 200, 300, 0], strict=True)
    ]
    assert len(what_if(policy, reset, takes=timedelta(0)).retrainings) == 2


def test_rows_of_new_users_are_used_up_too() -> None:
    policy = without_schedule(POLICY).changed({"brakes.cool_down_hours": 0.0, "brakes.daily_cap": 9})
    points = hours([0.1] * 10, learnt_rows=10_000)
    history = [replace(one, new_user_rows=100 * n) for n, one in enumerate(points)]
    made = what_if(policy, history, takes=timedelta(0)).retrainings
    assert [(one - NOW).total_seconds() / 3600 for one in made] == [3, 6, 9]


def test_no_history_and_one_out_of_order() -> None:
    assert what_if(POLICY, []).decisions == ()
    with pytest.raises(ValueError, match="in order of time"):
        what_if(POLICY, hours([0.1, 0.1])[::-1])
