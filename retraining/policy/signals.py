"""Each trigger judged on its own: fired, quiet, not enough data, switched off, or not for this model."""

from __future__ import annotations

from datetime import timedelta

from retraining.policy import words
from retraining.policy.decision import Judged, State
from retraining.policy.inputs import Inputs, Reading
from retraining.policy.policy import Limit, Policy, Tier

TOLERANCE = 1e-9
"""Nearer to a threshold than this is at it: 1 − 0.85 is not above 0.15 though binary numbers say so."""


def judged(policy: Policy, inputs: Inputs) -> tuple[Judged, ...]:
    """All triggers, in the order in which a page shows them."""
    return (
        _performance(policy, inputs),
        _degradation(policy, inputs),
        _limit("drift", policy.drift, inputs.drift, policy, inputs),
        _limit("instability", policy.instability, inputs.instability, policy, inputs),
        _limit("cost", policy.cost, inputs.cost, policy, inputs),
        _schedule(policy, inputs),
        _new_rows(policy, inputs),
        _new_users(policy, inputs),
        _manual(policy, inputs),
    )


def _performance(policy: Policy, inputs: Inputs) -> Judged:
    rule = policy.performance
    return _measured("performance", inputs.performance, rule.floor, "immediate", rule.worse, rule.on, policy, inputs)


def _degradation(policy: Policy, inputs: Inputs) -> Judged:
    rule, reading = policy.degradation, inputs.degradation
    at_once = _measured("degradation", reading, rule.immediate_above, "immediate", "above", rule.on, policy, inputs)
    if at_once.state == "fired":
        return at_once
    return _measured("degradation", reading, rule.above, "consider_soon", "above", rule.on, policy, inputs)


def _limit(trigger: str, rule: Limit, reading: Reading | None, policy: Policy, inputs: Inputs) -> Judged:
    return _measured(trigger, reading, rule.above, "consider_soon", "above", rule.on, policy, inputs)


def _measured(
    trigger: str,
    reading: Reading | None,
    threshold: float,
    tier: Tier,
    worse: str,
    on: bool,
    policy: Policy,
    inputs: Inputs,
) -> Judged:
    name = words.title(trigger, policy.performance)
    if reading is None:
        return Judged(trigger, "does_not_apply" if on else "off", threshold=threshold)  # type: ignore[arg-type]
    facts = {
        "value": reading.value,
        "threshold": threshold,
        "sample": reading.sample,
        "minimum": reading.minimum,
        "at": reading.at,
    }
    if not on:
        return Judged(trigger, "off", **facts)  # type: ignore[arg-type]
    if reading.value is None or not reading.usable(inputs.now, policy.stale_after_hours):
        sentence = words.unknown(name, reading, inputs.now, policy.stale_after_hours)
        return Judged(trigger, "not_enough", **facts, sentence=sentence)  # type: ignore[arg-type]
    excess = reading.value - threshold if worse == "above" else threshold - reading.value
    fired = excess > TOLERANCE
    sentence = words.against(name, trigger, reading, threshold, fired, worse)
    return Judged(trigger, "fired" if fired else "quiet", tier if fired else None, **facts, sentence=sentence)  # type: ignore[arg-type]


def _schedule(policy: Policy, inputs: Inputs) -> Judged:
    """A slot counts from the end of the last cool-down on: a retraining less than that ago has met it."""
    if not policy.schedule.on:
        return Judged("schedule", "off")
    if inputs.schedule_since is None:
        return Judged("schedule", "does_not_apply", sentence="The schedule counts from the next slot on.")
    since = inputs.schedule_since
    if inputs.last_retraining is not None:
        since = max(since, inputs.last_retraining + timedelta(hours=policy.brakes.cool_down_hours))
    slot = policy.weekly.due(since, inputs.now)
    if slot is None:
        following = words.moment(policy.weekly.following(inputs.now), policy.zone)
        return Judged("schedule", "quiet", sentence=f"The weekly retraining is next due {following}.")
    return Judged(
        "schedule", "fired", at=slot, sentence=f"The weekly retraining of {words.moment(slot, policy.zone)} is due."
    )


def _new_rows(policy: Policy, inputs: Inputs) -> Judged:
    rows, least = inputs.new_rows, policy.new_rows.at_least
    if not policy.new_rows.on or rows is None:
        return Judged("new_rows", "does_not_apply" if policy.new_rows.on else "off", threshold=float(least))
    fired = rows >= least
    tail = "enough for a retraining" if fired else "a retraining waits for more"
    sentence = f"{rows:,} of {least:,} new rows have come since the last training: {tail}."
    return Judged("new_rows", "fired" if fired else "quiet", None, float(rows), float(least), rows, sentence=sentence)


def _new_users(policy: Policy, inputs: Inputs) -> Judged:
    """Of a model that knows no users, or whose version's rows nobody counted, it says nothing."""
    rule, rows, learnt = policy.new_users, inputs.new_user_rows, inputs.learnt_rows
    if not rule.on or rows is None or not learnt:
        return Judged("new_users", "does_not_apply" if rule.on else "off", threshold=rule.above)
    share = rows / learnt
    fired = rows >= rule.at_least and share - rule.above > TOLERANCE
    sentence = (
        f"{rows:,} new rows are of users that the live version does not know, {words.figure('new_users', share)} of "
        f"the {learnt:,} it learnt from; a retraining is due above {words.figure('new_users', rule.above)}"
        f"{f' and from {rule.at_least:,} rows on' if rows < rule.at_least else ''}."
    )
    state: State = "fired" if fired else "quiet"
    return Judged("new_users", state, None, share, rule.above, rows, rule.at_least, sentence=sentence)


def _manual(policy: Policy, inputs: Inputs) -> Judged:
    if not policy.manual:
        words_ = "Somebody asks for a retraining, which this policy does not allow by hand." if inputs.by_hand else ""
        return Judged("manual", "off", sentence=words_)
    if not inputs.by_hand:
        return Judged("manual", "quiet")
    return Judged("manual", "fired", sentence="Somebody asks for a retraining.")
