"""What a decision says, how it goes to JSON and back, and what leaves one retraining of a hundred breaches."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retraining.policy.brakes import brakes_on
from retraining.policy.decide import RANK, decide
from retraining.policy.decision import ACTIONS, Decision
from retraining.policy.inputs import Inputs, Open
from retraining.policy.policy import Brakes, Policy
from retraining.tests.policy.signals import NOW, WELL, inputs, reading

shares = st.floats(0, 1)
sometimes = st.one_of(st.none(), st.builds(reading, st.one_of(st.none(), shares), st.integers(0, 400)))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 14), timezones=st.just(UTC))  # noqa: DTZ001
policies = st.builds(
    Policy,
    mode=st.sampled_from(["off", "propose", "automatic"]),
    acts_from=st.sampled_from(["immediate", "consider_soon"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
    brakes=st.builds(Brakes, st.floats(0, 200), st.integers(1, 5), st.booleans()),
)
situations = st.builds(
    Inputs,
    st.just(NOW),
    performance=sometimes,
    drift=sometimes,
    instability=sometimes,
    degradation=sometimes,
    cost=sometimes,
    new_rows=st.one_of(st.none(), st.integers(0, 20_000)),
    schedule_since=st.one_of(st.none(), moments),
    last_retraining=st.one_of(st.none(), moments),
    open=st.one_of(st.none(), st.builds(Open, moments, st.booleans())),
    retrainings_today=st.integers(0, 4),
    kill_switch=st.booleans(),
    by_hand=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(policies, situations)
def test_the_same_inputs_give_the_same_decision_also_through_json(policy: Policy, given_: Inputs) -> None:
    found = decide(policy, given_)
    again = [json.loads(json.dumps(one.to_json())) for one in (policy, given_, found)]
    assert decide(Policy.from_json(again[0]), Inputs.from_json(again[1])) == found
    assert Decision.from_json(again[2]) == found


@settings(max_examples=150, deadline=None)
@given(policies, situations, st.sampled_from(sorted(WELL)), shares)
def test_a_worse_signal_never_lowers_tier_or_action(policy: Policy, given_: Inputs, name: str, by: float) -> None:
    signal = getattr(given_, name)
    if signal is None or signal.value is None:
        return
    worse = replace(signal, value=signal.value - by if name == "performance" else signal.value + by)
    before, after = decide(policy, given_), decide(policy, replace(given_, **{name: worse}))
    assert RANK.get(after.tier, -1) >= RANK.get(before.tier, -1)
    assert ACTIONS.index(after.wanted) >= ACTIONS.index(before.wanted)
    # A proposal that waits holds a second proposal; a retraining takes it over, so the action rises there too.
    assert ACTIONS.index(after.action) >= ACTIONS.index(before.action)


@settings(max_examples=150, deadline=None)
@given(policies, situations, st.sampled_from(["kill_switch", "open", "last_retraining", "retrainings_today", "dry"]))
def test_a_brake_never_raises_an_action(policy: Policy, given_: Inputs, brake: str) -> None:
    before = decide(policy, given_)
    if brake == "dry":
        policy = replace(policy, brakes=replace(policy.brakes, dry_run=True))
    on = {"kill_switch": True, "open": Open(NOW), "last_retraining": NOW, "retrainings_today": 9}
    after = decide(policy, given_ if brake == "dry" else replace(given_, **{brake: on[brake]}))
    assert ACTIONS.index(after.action) <= ACTIONS.index(before.action)


def test_a_hundred_breaches_in_a_minute_make_one_retraining() -> None:
    policy, state, begun = Policy(mode="automatic"), inputs(performance=0.5, drift=0.9), 0
    for breach in range(100):
        state = replace(state, now=NOW + timedelta(seconds=0.6 * breach))
        if decide(policy, state).action == "retrain":
            begun += 1
            state = replace(state, open=Open(state.now), retrainings_today=state.retrainings_today + 1)
    assert begun == 1
    ended = replace(state, open=None, last_retraining=state.now)
    assert [one.brake for one in decide(policy, ended).held] == ["cool_down"]
    assert decide(policy, replace(ended, now=state.now + timedelta(hours=24))).tier == "immediate"


def test_reasons_are_sentences() -> None:
    policy = Policy(mode="automatic", zone="Europe/Berlin")
    source = "(2,140 judged lists of the last 24 hours)"
    found = decide(policy, inputs(performance=0.71, degradation=0.163, cost=72.4, last_retraining=NOW))
    assert found.reasons == (
        "Retraining is urgent.",
        f"F1@10 (rated) is 0.710, below the agreed 0.750 {source}.",
        f"Loss of quality against the baseline is 16.3 %, above the agreed 15.0 % {source}.",
        f"Cost of errors per 1,000 predictions is $72.40, above the agreed $60.00 {source}.",
        "The last retraining ended Wed 14 Jan 13:00 CET; the cool-down of 24 hours lasts until Thu 15 Jan 13:00 CET.",
        "Nothing is done.",
    )
    assert (found.wanted, found.action, found.until) == ("retrain", "none", NOW + timedelta(days=1))
    quiet = {one.trigger: one.sentence for one in decide(policy, inputs()).triggers}
    assert quiet["drift"].startswith("Data drift is 0.050, within the agreed 0.300")
    assert quiet["schedule"] == "The weekly retraining is next due Mon 19 Jan 02:00 CET."


def test_what_is_missing_is_named() -> None:
    few = decide(Policy(), inputs(performance=reading(0.3, 120)))
    assert few.tier == "not_enough"
    assert few.reasons[1] == (
        "F1@10 (rated) cannot be judged: 120 of 200 judged lists of the last 24 hours, 80 more are needed."
    )
    old = decide(Policy(), inputs(drift=reading(0.9, at=NOW - timedelta(hours=60))))
    assert old.reasons[1] == "Data drift cannot be judged: it was measured 60 hours ago, and 48 are the most."
    assert decide(Policy(), inputs(cost=reading(None))).reasons[1].endswith("it has no value yet.")


def test_the_daily_cap_ends_with_the_day_of_the_zone() -> None:
    found = decide(Policy(zone="America/New_York"), inputs(drift=0.9, retrainings_today=2))
    assert found.held[0].until == datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
    both = decide(Policy(), inputs(drift=0.9, retrainings_today=2, kill_switch=True))
    assert [one.brake for one in both.held] == ["kill_switch", "daily_cap"]
    assert both.until is None
    assert [one.brake for one in brakes_on(Policy(), inputs(kill_switch=True))] == ["kill_switch"]


def test_a_slot_is_dealt_with_once_and_a_retraining_meets_it() -> None:
    policy, since = Policy(mode="automatic"), NOW - timedelta(days=30)
    due = decide(policy, inputs(schedule_since=since))
    monday = datetime(2026, 1, 12, 2, 0, tzinfo=UTC)
    assert (due.tier, due.action, due.slot) == ("monitor", "retrain", monday)
    assert decide(policy, inputs(schedule_since=monday)).slot is None
    assert decide(policy, inputs(schedule_since=since, last_retraining=monday - timedelta(hours=3))).action == "none"
    assert decide(policy, inputs(schedule_since=since, kill_switch=True)).slot is None
    dry = replace(policy, brakes=Brakes(dry_run=True))
    assert decide(dry, inputs(schedule_since=since)).slot == monday


def test_a_wish_that_the_policy_does_not_allow_is_answered() -> None:
    found = decide(Policy(manual=False), inputs(by_hand=True))
    assert (found.action, found.fired) == ("none", ())
    assert "Somebody asks for a retraining, which this policy does not allow by hand." in found.reasons


def test_errors_count_above_their_ceiling() -> None:
    policy = Policy().changed({"performance.metric": "rmse", "performance.floor": 1.0, "performance.worse": "above"})
    assert decide(policy, inputs(performance=1.2)).tier == "immediate"
    assert decide(policy, inputs(performance=0.9)).tier == "monitor"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "often"}, "mode: off, propose, automatic are accepted, got 'often'"),
        ({"drift.above": 1.5}, "drift.above: a number at least 0 and at most 1 is accepted, got 1.5"),
        ({"drift.above": "much"}, "drift.above: a number is accepted, got 'much'"),
        ({"drift.above": float("nan")}, "drift.above: a number is accepted, got nan"),
        ({"drift.below": 1}, "drift.below: no such field"),
        ({"nothing.at.all": 1}, "nothing.at.all: no such field"),
        ({"performance.floor": 0.0}, "performance.floor: a number above 0 and at most 1"),
        ({"degradation.immediate_above": 0.1}, "degradation.immediate_above: a number at least 0.15"),
        ({"schedule.hour": 24}, "schedule.hour: a number at least 0 and at most 23"),
        ({"schedule.hour": 2.5}, "schedule.hour: a whole number is accepted, got 2.5"),
        ({"zone": "Berlin"}, "zone: an IANA time zone such as Europe/Berlin is accepted, got 'Berlin'"),
        ({"zone": "../etc/passwd"}, "zone: an IANA time zone"),
        ({"brakes.daily_cap": 0}, "brakes.daily_cap: a number at least 1"),
        ({"manual": 1}, "manual: true or false is accepted, got 1"),
        ({"brakes": 3}, "brakes: an object is accepted, got 3"),
        ({"brakes": {"dry_runs": True}}, "brakes.dry_runs: no such field, cool_down_hours"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_by_name(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError) as refused:
        Policy().changed(changes)
    assert str(refused.value).startswith(words)


def test_inputs_without_a_time_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="now: a moment with a time zone"):
        Inputs(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="now: a moment as 2026"):
        Inputs.from_json({"now": "yesterday"})
    with pytest.raises(ValueError, match="now: a value is needed"):
        Inputs.from_json({})
    with pytest.raises(ValueError, match=r"performance.sample: a whole number"):
        Inputs.from_json({"now": NOW.isoformat(), "performance": {"value": 1, "sample": "9", "minimum": 1, "at": ""}})
