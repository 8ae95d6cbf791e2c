"""The canary's steps: never up on doubt, down at once on harm, the same after any restart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retraining.trial.canary import Evidence, Plan, State, Step, advance, begin, hold, resume, roll_back, share_of
from retraining.trial.guards import GuardVerdict

NOW = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PLAN = Plan()


def guard(state: str) -> GuardVerdict:
    return GuardVerdict("errors", state, f"Errors are {state}.")  # type: ignore[arg-type]


FINE = Evidence(900, (guard("ok"), guard("unclear")))


def test_it_rises_step_by_step_and_finishes() -> None:
    step, now, seen = begin(PLAN, NOW), NOW, []
    while step.action != "none":
        seen.append((step.action, step.share))
        now += HOUR
        step = advance(PLAN, step.state, FINE, now)
    assert seen == [("raise", 0.05), ("raise", 0.25), ("raise", 1.0), ("finish", 1.0)]
    assert step.share == 1.0


def test_a_step_waits_for_time_and_predictions_and_says_for_what() -> None:
    state = begin(PLAN, NOW).state
    early = advance(PLAN, state, FINE, NOW + timedelta(minutes=59))
    assert (early.action, early.state, early.share) == ("wait", state, 0.05)
    assert early.sentence == "At 5 % of users: the step lasts until 13:00 UTC."
    few = advance(PLAN, state, Evidence(499, (guard("ok"),)), NOW + HOUR)
    assert (few.action, few.sentence) == ("wait", "At 5 % of users: 499 of 500 predictions.")
    unknown = advance(PLAN, state, Evidence(900, (guard("not_enough"),)), NOW + HOUR)
    assert (unknown.action, unknown.sentence) == ("wait", "At 5 % of users: Errors are not_enough.")
    assert advance(Plan(strict=True), state, FINE, NOW + HOUR).action == "wait"
    assert advance(PLAN, state, FINE, NOW - HOUR).action == "wait"  # a clock set back


def test_without_patience_left_a_person_decides() -> None:
    state = begin(PLAN, NOW).state
    late = NOW + timedelta(hours=24, seconds=1)
    held = advance(PLAN, state, Evidence(3), late)
    assert (held.action, held.state.status, held.share) == ("hold", "held", 0.05)
    assert held.sentence == "Held at 5 % of users: after 1440 minutes still 3 of 500 predictions."
    assert advance(PLAN, held.state, FINE, late + HOUR).action == "none"
    went_on = resume(PLAN, held.state, late + HOUR)
    assert (went_on.action, went_on.state) == ("wait", State(0, late + HOUR))
    assert advance(PLAN, went_on.state, FINE, late + 2 * HOUR).share == 0.25


def test_a_broken_guard_rail_rolls_back_at_any_moment() -> None:
    for state in (State(0, NOW), State(2, NOW), State(1, NOW, "held")):
        found = advance(PLAN, state, Evidence(0, (guard("ok"), guard("breach"))), NOW)
        assert (found.action, found.share, found.state.status) == ("roll_back", 0.0, "rolled_back")
        assert found.sentence == "Rolled back: Errors are breach."
        assert advance(PLAN, found.state, FINE, NOW + HOUR).action == "none"


def test_a_broken_split_is_held_whatever_it_shows() -> None:
    found = advance(PLAN, State(1, NOW), Evidence(900, (guard("breach"),), True, "Users are not split."), NOW + HOUR)
    assert (found.action, found.share) == ("hold", 0.25)
    assert found.sentence == "Held at 25 % of users: Users are not split."


def test_people_stop_and_end_it() -> None:
    stopped = hold(PLAN, State(1, NOW), NOW)
    assert (stopped.action, stopped.share) == ("hold", 0.25)
    assert hold(PLAN, stopped.state, NOW).action == "none"
    assert resume(PLAN, State(1, NOW), NOW).action == "none"
    ended = roll_back(PLAN, stopped.state, NOW)
    assert (ended.action, ended.share) == ("roll_back", 0.0)
    assert roll_back(PLAN, ended.state, NOW).action == "none"


turns = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.lists(st.sampled_from(["ok", "unclear", "breach", "not_enough"]), max_size=3),
        st.booleans(),
        st.floats(0, 2000),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(turns, st.booleans())
def test_the_share_rises_only_on_evidence_and_a_restart_changes_nothing(turns_: list, strict: bool) -> None:
    plan, now = Plan(strict=strict), NOW
    step: Step = begin(plan, now)
    for sample, states, broken, minutes in turns_:
        now += timedelta(minutes=minutes)
        evidence, before = Evidence(sample, tuple(map(guard, states)), broken), step
        step = advance(plan, before.state, evidence, now)
        stored = State.from_json(json.loads(json.dumps(before.state.to_json())))
        assert advance(Plan.from_json(plan.to_json()), stored, evidence, now) == step
        assert step.share == share_of(plan, step.state)
        if step.share > before.share:
            assert sample >= plan.least_sample
            assert not {"breach", "not_enough"} & set(states)
            assert now - before.state.since >= HOUR
            assert plan.shares.index(step.share) == plan.shares.index(before.share) + 1
        if "breach" in states and not broken and before.state.status in ("running", "held"):
            assert step.share == 0.0
        if before.state.status in ("finished", "rolled_back"):
            assert step.state == before.state


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"shares": [0.5, 0.25, 1.0]}, "shares: rising ones"),
        ({"shares": [0.05, 0.5]}, "shares: rising ones above 0 that end at 1"),
        ({"shares": []}, "shares: rising"),
        ({"shares": [0.0, 1.0]}, "shares: rising"),
        ({"least_sample": -1}, "least_sample: a number at least 0"),
        ({"patience_minutes": 3}, "patience_minutes: a number at least 60"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Plan.from_json(wrong)
    with pytest.raises(ValueError, match="step: a number at least 0 and at most 2"):
        share_of(PLAN, State(3, NOW))
