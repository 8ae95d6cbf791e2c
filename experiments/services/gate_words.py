"""What the gate found, as sentences for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from experiments.metric_words import label, protocol_label
from experiments.recipes.thresholds import ThresholdResult
from mlopspro.core.formats import metric as figure
from mlopspro.core.formats import share

if TYPE_CHECKING:
    from experiments.services.gate import Gate


def sentence_of(gate: Gate) -> str:
    """The whole judgement."""
    return " ".join(part for part in (_comparison(gate), _thresholds(gate)) if part)


def threshold_words(one: ThresholdResult) -> str:
    """ "F1@10 (rated) is 0.62; the recipe asks for at least 0.75" """
    name = f"{label(one.name)} ({protocol_label(one.protocol).lower()})"
    if one.value is None:
        return f"{name} was not measured; the recipe asks for {one.bounds}"
    return f"{name} is {figure(one.value)}; the recipe asks for {one.bounds}"


def minimum_words(gate: Gate) -> str:
    return share(gate.minimum) if gate.relative else f"{gate.minimum:g}"


def _comparison(gate: Gate) -> str:
    why = " ".join(gate.reasons)
    match gate.state:
        case "in_production":
            return "This version is in production."
        case "first":
            return "No version is in production, so there is nothing to beat."
        case "not_measured":
            return f"It cannot be judged. {why}"
        case "not_comparable":
            return f"It cannot be compared with {gate.against} in production. {why}"
        case "not_enough_data":
            return f"Not enough data to compare it with {gate.against} in production: {why}"
    return f"{_figures(gate)} {_judgement(gate)}"


def _figures(gate: Gate) -> str:
    return f"{gate.label}: {figure(gate.candidate)} against {figure(gate.production)} of {gate.against} in production."


def _judgement(gate: Gate) -> str:
    if gate.difference is None or gate.low is None or gate.high is None:
        return ""
    interval = f"95 % interval of the difference {_signed(gate.low)} to {_signed(gate.high)}"
    better = gate.difference if gate.higher_is_better else -gate.difference
    if better <= 0:
        certain = better < 0 and not gate.low <= 0 <= gate.high
        return f"It is {'worse' if certain else 'not shown to be better'} ({interval})."
    by = figure(better) + (f", {share(gate.improvement)}" if gate.relative and gate.improvement is not None else "")
    if gate.state == "passed":
        return f"Better by {by} ({interval}); {minimum_words(gate)} is asked for."
    reasons = []
    if gate.improvement is not None and gate.improvement < gate.minimum:
        reasons.append(f"less than the {minimum_words(gate)} that is asked for")
    if gate.low <= 0 <= gate.high:
        reasons.append("and it may be chance" if reasons else "but it may be chance")
    return f"Better by {by} ({interval}), {', '.join(reasons) or 'but not by enough'}."


def _signed(value: float) -> str:
    return figure(value)


def _thresholds(gate: Gate) -> str:
    if gate.failing:
        return f"Outside the recipe's thresholds: {'; '.join(threshold_words(one) for one in gate.failing)}."
    count = sum(one.blocks for one in gate.thresholds)
    if count:
        return f"Inside the recipe's {count} threshold{'s' if count > 1 else ''}."
    return ""
