"""The decision: a pure function of a policy and its inputs (D6)."""

from __future__ import annotations

from retraining.policy.brakes import holding
from retraining.policy.decision import Action, Decision, Judged
from retraining.policy.inputs import Inputs
from retraining.policy.policy import Policy, Tier
from retraining.policy.signals import judged

RANK = {"monitor": 0, "consider_soon": 1, "immediate": 2}
MEASURED = frozenset({"performance", "degradation", "drift", "instability", "cost"})
_DONE = {
    "none": "Nothing is done.",
    "propose": "A retraining is proposed; it begins when somebody approves it.",
    "retrain": "A retraining begins.",
}
_TIERS = {
    "immediate": "Retraining is urgent.",
    "consider_soon": "Retraining should be considered soon.",
    "monitor": "Nothing measured asks for a retraining.",
    "not_enough": "There is not enough data to say how the model does.",
}


def decide(policy: Policy, inputs: Inputs) -> Decision:
    """Same policy and inputs, same decision; nothing else is read, the clock neither."""
    triggers = judged(policy, inputs)
    fired = [one for one in triggers if one.state == "fired"]
    tier, by_hand = tier_of(triggers), any(one.trigger == "manual" for one in fired)
    wanted = _wanted(policy, tier, fired, by_hand)
    held = holding(policy, inputs, wanted, by_hand)
    action: Action = "none" if held else wanted
    slot = next((one.at for one in fired if one.trigger == "schedule"), None)
    if wanted == "none" or any(one.brake != "dry_run" for one in held):
        slot = None  # it stays due until a decision deals with it
    reasons = [_TIERS[tier], *(one.sentence for one in fired)]
    reasons += [one.sentence for one in triggers if one.state == "not_enough" or (one.state == "off" and one.sentence)]
    reasons += [one.sentence for one in held]
    if policy.mode == "off" and fired and wanted == "none":
        reasons.append("The policy is switched off, so nothing follows from this.")
    reasons.append(_DONE[action])
    return Decision(inputs.now, tier, triggers, tuple(reasons), wanted, action, held, slot)


def tier_of(triggers: tuple[Judged, ...]) -> Tier:
    """The highest that fired. Without any, "monitor" needs every signal that applies to be known (D4)."""
    raised = [one.tier for one in triggers if one.tier is not None]
    if raised:
        return max(raised, key=RANK.__getitem__)
    states = [one.state for one in triggers if one.trigger in MEASURED]
    if "not_enough" in states or "quiet" not in states:
        return "not_enough"
    return "monitor"


def _wanted(policy: Policy, tier: Tier, fired: list[Judged], by_hand: bool) -> Action:
    """A person's wish is carried out in every mode. Planned ones (schedule, rows) act at any tier."""
    if by_hand:
        return "retrain"
    if policy.mode == "off" or not fired:
        return "none"
    planned = any(one.tier is None for one in fired)
    if policy.mode == "automatic" and (planned or RANK.get(tier, 0) >= RANK[policy.acts_from]):
        return "retrain"
    return "propose"
