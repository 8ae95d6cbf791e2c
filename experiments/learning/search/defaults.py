"""A space to begin with: the parameters of an architecture that usually decide, around their defaults.

What is searched and how widely is one table for all architectures; bounds are the architecture's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from experiments.learning.parameter_fields import bounds, is_open_below
from experiments.learning.search.space import Interval, Space, is_number

USUAL_PARAMETERS = 4


@dataclass(frozen=True)
class _Rule:
    """around: from value / factor to value · factor, logarithmic. size: even steps up to four times the value.
    share: all from 0 to ``factor``."""

    kind: Literal["around", "size", "share"]
    factor: float = 10.0


_RULES: Mapping[str, _Rule] = {
    "learning_rate": _Rule("around"),
    "embedding_dim": _Rule("size"),
    "regularization": _Rule("around", 30.0),
    "dropout": _Rule("share", 0.7),
    "confidence": _Rule("around", 8.0),
    "neighbours": _Rule("around", 8.0),
    "shrinkage": _Rule("around"),
    "amplification": _Rule("around", 3.0),
    "trees": _Rule("around", 4.0),
    "leaves": _Rule("around", 4.0),
    "smallest_leaf": _Rule("around", 4.0),
    "lowest_weight": _Rule("share", 1.0),
    "hidden_units": _Rule("size"),
    "learning_rate_decay": _Rule("share", 1.0),
    "history_dropout": _Rule("share", 0.8),
    "popularity": _Rule("share", 1.5),
    "damping": _Rule("around"),
    "seasons": _Rule("around", 3.0),
    "recent": _Rule("around", 4.0),
    "draws": _Rule("around", 4.0),
    "rare_below": _Rule("around", 5.0),
    "batch_size": _Rule("around", 4.0),
    "epochs": _Rule("around", 3.0),
}


def suggested(name: str, info: FieldInfo, value: Any) -> Interval | None:
    """A sensible interval for one parameter around ``value``; None where none can be told."""
    rule = _RULES.get(name, _Rule("around"))
    if not is_number(info) or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    lowest, highest = bounds(info)
    whole = info.annotation is int
    if rule.kind == "share":
        low, high, log, step = 0.0, max(rule.factor, float(value)), False, None
    elif rule.kind == "size" and whole:
        unit = _unit(int(value))
        low, high, log, step = float(unit), 4.0 * value, False, float(unit)
    elif value > 0:
        low, high, log, step = value / rule.factor, value * rule.factor, True, None
    else:
        return None
    low = max(low, lowest) if lowest is not None else low
    high = min(high, highest) if highest is not None else high
    if is_open_below(info) and low == lowest:
        low = min(value / rule.factor, value)
    if whole and not step:
        low, high = max(round(low), 1 if log else round(low)), round(high)
    found = Interval(_short(low, whole=whole), _short(high, whole=whole), log and low > 0, step, whole)
    return found if found.low < found.high else None


def usual_space(parameters: type[BaseModel], values: Mapping[str, Any]) -> Space:
    """The first parameters of the table that the architecture has, around ``values``; baselines may have none."""
    space: Space = {}
    for name in _RULES:
        info = parameters.model_fields.get(name)
        if info is None or len(space) == USUAL_PARAMETERS or name in ("batch_size", "epochs"):
            continue
        if name in values and (found := suggested(name, info, values[name])):
            space[name] = found
    return space


def _unit(value: int) -> int:
    """A step that reaches ``value`` in four or five: 16 of 64, 10 of 50."""
    for parts in (4, 5, 3, 2):
        if value % parts == 0:
            return max(1, value // parts)
    return max(1, value // 4) if value < 8 else value


def _short(number: float, *, whole: bool) -> float:
    return int(number) if whole else float(f"{number:.2g}")
