"""What holds a retraining back, whatever the signals say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from retraining.policy import words
from retraining.policy.decision import Action, Held
from retraining.policy.inputs import Inputs
from retraining.policy.policy import Policy
from retraining.policy.schedule import next_day


def brakes_on(policy: Policy, inputs: Inputs) -> tuple[Held, ...]:
    """All that are on now, whether anything is wanted or not: the page shows them."""
    return tuple(_on(policy, inputs))


def holding(policy: Policy, inputs: Inputs, wanted: Action, by_hand: bool) -> tuple[Held, ...]:
    """Those that hold the wanted action back.

    A proposal that waits is no brake on a retraining: it is carried out instead of a second one. What a person asks
    for does not wait for the cool-down; the other brakes hold for people too.
    """
    if wanted == "none":
        return ()
    waiting = inputs.open is not None and inputs.open.waiting
    passed = {"open_retraining"} if waiting and wanted == "retrain" else set()
    if by_hand:
        passed.add("cool_down")
    return tuple(one for one in _on(policy, inputs) if one.brake not in passed)


def _on(policy: Policy, inputs: Inputs) -> Iterator[Held]:
    rules = policy.brakes
    if inputs.kill_switch:
        yield Held("kill_switch", "The kill switch is on: no model retrains until an administrator turns it off.")
    if inputs.open is not None:
        since = words.moment(inputs.open.since, policy.zone)
        what = "A proposal has been waiting for an answer" if inputs.open.waiting else "A retraining has been under way"
        yield Held("open_retraining", f"{what} since {since}, and a model has one at a time.")
    if inputs.last_retraining is not None:
        until = inputs.last_retraining + timedelta(hours=rules.cool_down_hours)
        if inputs.now < until:
            sentence = (
                f"The last retraining ended {words.moment(inputs.last_retraining, policy.zone)}; "
                f"the cool-down of {rules.cool_down_hours:g} hours lasts until {words.moment(until, policy.zone)}."
            )
            yield Held("cool_down", sentence, until)
    if inputs.retrainings_today >= rules.daily_cap:
        until = next_day(inputs.now, policy.zone)
        sentence = (
            f"{inputs.retrainings_today} of at most {rules.daily_cap} retrainings a day have begun today; "
            f"the next day begins {words.moment(until, policy.zone)}."
        )
        yield Held("daily_cap", sentence, until)
    if rules.dry_run:
        yield Held("dry_run", "The policy is on a dry run: decisions are stored and nothing is done.")
