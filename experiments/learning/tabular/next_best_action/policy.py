"""What would have come of following a policy, from rows whose action was drawn at random.

value = sum of y / propensity over rows whose action is the policy's, divided by the sum of 1 / propensity over them
(Hajek's ratio form of inverse propensity scoring: Horvitz and Thompson 1952; Swaminathan and Joachims, NIPS 2015). The
propensity of an action is its share among the training rows, which is right where actions were drawn alike for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats

Z = 1.959963984540054


@dataclass(frozen=True)
class Logged:
    """What was done and what came of it: place of the action (-1 where training never had it), outcome, propensity."""

    taken: NDArray[np.int64]
    outcome: Floats
    propensity: Floats


def value(logged: Logged, chosen: NDArray[np.int64]) -> dict[str, Any]:
    """{value, low, high (95 %, normal), rows that followed}; values are None where no row followed the policy."""
    followed = (logged.taken == chosen) & (logged.taken >= 0)
    if not followed.any():
        return {"value": None, "low": None, "high": None, "rows": 0}
    weights, outcome = 1 / logged.propensity[followed], logged.outcome[followed]
    mean = float(weights @ outcome / weights.sum())
    error = float(np.sqrt(np.square(weights * (outcome - mean)).sum()) / weights.sum())
    return {"value": mean, "low": mean - Z * error, "high": mean + Z * error, "rows": int(followed.sum())}


def compare(logged: Logged, best: NDArray[np.int64], names: tuple[str, ...], best_single: int) -> dict[str, Any]:
    """The model's policy beside: what was done, an action at random, each action for everybody, the best of these.

    ``best_single`` is the action that did best in training: chosen on the test rows it would look better than it is.
    """
    singles = {name: value(logged, np.full(len(best), place)) for place, name in enumerate(names)}
    known = [each["value"] for each in singles.values() if each["value"] is not None]
    return {
        "model": value(logged, best),
        "as_assigned": float(logged.outcome.mean()) if len(best) else None,
        "random": float(np.mean(known)) if known else None,
        "single": singles,
        "best_single": names[best_single],
        "recommended": {name: int((best == place).sum()) for place, name in enumerate(names)},
    }
