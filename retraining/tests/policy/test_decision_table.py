"""The decision table: every state of the signals, and every mode, wish and set of brakes against the rules in words."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

from retraining.policy.decide import decide
from retraining.policy.inputs import Open
from retraining.policy.policy import Brakes, Degradation, Limit, Performance, Policy
from retraining.tests.policy.signals import NOW, inputs, reading

URGENT, SOON, FINE, UNKNOWN, AWAY = "immediate", "consider_soon", "monitor", "not_enough", "away"

PERFORMANCE = {
    "below": (reading(0.7499), URGENT),
    "at": (reading(0.75), FINE),
    "few": (reading(0.4, sample=199), UNKNOWN),
    "old": (reading(0.4, at=NOW - timedelta(hours=49)), UNKNOWN),
    "no value": (reading(None), UNKNOWN),
    "not for this model": (None, AWAY),
}
DEGRADATION = {
    "degraded": (reading(0.2001), URGENT),
    "at degraded": (reading(1 - 0.8), SOON),
    "watch": (reading(0.16), SOON),
    "at watch": (reading(1 - 0.85), FINE),
    "few": (reading(0.9, sample=0), UNKNOWN),
    "not for this model": (None, AWAY),
}
OTHERS = {
    "above": ((0.3001, 60.01), SOON),
    "at": ((0.1 + 0.2, 60.0), FINE),
    "unknown": ((None, None), UNKNOWN),
    "not for this model": (None, AWAY),
}


def expected_tier(states: list[str]) -> str:
    if URGENT in states:
        return URGENT
    if SOON in states:
        return SOON
    return FINE if FINE in states and UNKNOWN not in states else UNKNOWN


def test_every_combination_of_signals_has_its_tier() -> None:
    policy = Policy()
    for performance, degradation, drift, instability, cost in product(
        PERFORMANCE.values(), DEGRADATION.values(), OTHERS.values(), OTHERS.values(), OTHERS.values()
    ):
        found = decide(
            policy,
            inputs(
                performance=performance[0],
                degradation=degradation[0],
                drift=drift[0] and reading(drift[0][0]),
                instability=instability[0] and reading(instability[0][0]),
                cost=cost[0] and reading(cost[0][1]),
            ),
        )
        states = [performance[1], degradation[1], drift[1], instability[1], cost[1]]
        assert found.tier == expected_tier(states), states
        assert len(found.fired) == states.count(URGENT) + states.count(SOON)
        assert found.wanted == found.action == ("propose" if found.fired else "none")


def test_a_trigger_that_is_off_has_no_say() -> None:
    bad = {"performance": 0.1, "degradation": 0.9, "drift": 0.9, "instability": 0.9, "cost": 900.0}
    for on in product((True, False), repeat=5):
        policy = Policy(
            performance=Performance(on=on[0]),
            degradation=Degradation(on=on[1]),
            drift=Limit(0.3, on[2]),
            instability=Limit(0.3, on[3]),
            cost=Limit(60.0, on[4]),
        )
        found = decide(policy, inputs(**bad))
        assert [one.trigger for one in found.fired] == [name for name, said in zip(bad, on, strict=True) if said]
        assert found.tier == (URGENT if on[0] or on[1] else SOON if any(on) else UNKNOWN)


SITUATIONS = {URGENT: {"performance": 0.5}, SOON: {"drift": 0.5}, FINE: {}, UNKNOWN: {"performance": reading(0.9, 3)}}
WISHES = {
    "none": {},
    "schedule": {"schedule_since": NOW - timedelta(days=3)},
    "rows": {"new_rows": 10_000},
    "users": {"new_user_rows": 201, "learnt_rows": 10_000},
    "hand": {"by_hand": True},
}
BRAKES = ("kill_switch", "open_retraining", "cool_down", "daily_cap", "dry_run")


def wanted(mode: str, acts_from: str, tier: str, wish: str) -> str:
    if wish == "hand":
        return "retrain"
    if mode == "off" or (wish == "none" and tier in (FINE, UNKNOWN)):
        return "none"
    by_itself = mode == "automatic" and (wish != "none" or tier == URGENT or acts_from == SOON)
    return "retrain" if by_itself else "propose"


def holds(brake: str, want: str, wish: str, waiting: bool) -> bool:
    if want == "none" or (brake == "cool_down" and wish == "hand"):
        return False
    return not (brake == "open_retraining" and waiting and want == "retrain")


def test_every_mode_wish_and_set_of_brakes() -> None:
    cases = 0
    for mode, acts_from, tier, wish, waiting in product(
        ("off", "propose", "automatic"), (URGENT, SOON), SITUATIONS, WISHES, (True, False)
    ):
        for on in product((False, True), repeat=len(BRAKES)):
            brakes = [name for name, is_on in zip(BRAKES, on, strict=True) if is_on]
            changes = {**SITUATIONS[tier], **WISHES[wish], "kill_switch": "kill_switch" in brakes}
            if "open_retraining" in brakes:
                changes["open"] = Open(NOW - timedelta(hours=2), waiting)
            if "cool_down" in brakes:
                # It meets Monday's slot too, so that the schedule asks for nothing.
                changes["last_retraining"] = NOW - timedelta(hours=23)
            changes["retrainings_today"] = 2 if "daily_cap" in brakes else 1
            policy = Policy(mode=mode, acts_from=acts_from, brakes=Brakes(dry_run="dry_run" in brakes)).changed(
                {"new_rows.on": wish == "rows"}
            )
            asked = "none" if wish == "schedule" and "cool_down" in brakes else wish
            found = decide(policy, inputs(**changes))
            want = wanted(mode, acts_from, tier, asked)
            held = [brake for brake in brakes if holds(brake, want, asked, waiting)]
            assert found.tier == tier
            assert found.wanted == want, (mode, tier, wish, brakes)
            assert [one.brake for one in found.held] == held
            assert found.action == ("none" if held else want)
            cases += 1
    assert cases == 3 * 2 * 4 * 5 * 2 * 32


def test_rows_of_new_users_against_what_was_learnt() -> None:
    cases = {(200, 10_000): False, (201, 10_000): True, (199, 100): False, (200, 100): True, (0, 100): False}
    for (rows, learnt), fires in cases.items():
        found = decide(Policy(), inputs(new_user_rows=rows, learnt_rows=learnt))
        assert [one.trigger for one in found.fired] == (["new_users"] if fires else []), (rows, learnt)
        assert found.tier == FINE, "planned: it raises nothing"
        assert found.wanted == ("propose" if fires else "none")
    for rows, learnt in ((None, 100), (500, None), (500, 0)):
        assert decide(Policy(), inputs(new_user_rows=rows, learnt_rows=learnt)).fired == ()
    off = Policy().changed({"new_users.on": False})
    assert decide(off, inputs(new_user_rows=500, learnt_rows=1000)).fired == ()
    said = decide(Policy(), inputs(new_user_rows=201, learnt_rows=10_000)).reasons[1]
    assert said == (
        "201 new rows are of users that the live version does not know, 2.0 % of the 10,000 it learnt from; "
        "a retraining is due above 2.0 %."
    )
