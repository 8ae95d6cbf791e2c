"""What acting adds, measured on customers whose action was drawn at random.

Predicted uplift of a row: the mean over the actions other than the control of P(outcome | action), weighted by how
often each was taken in training, minus P(outcome | control). uplift_at_k: among the k % of rows with the highest
predicted uplift, the outcome rate of those who got an action minus that of those who got none (Radcliffe 2007;
Gutierrez and Gerardy, PMLR 67, 2017). It is an effect only where the action did not depend on the customer: with chosen
customers it mixes the effect with the choice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.next_best_action.figures import top_weights
from experiments.learning.tabular.scorers.actions import KnownActions

CURVE_POINTS = 20


def predicted_uplift(scores: Floats, known: KnownActions) -> Floats | None:
    """Of each row, shape (rows,); None where the control or every other action is unknown."""
    if known.control not in known.names or len(known.names) < 2:
        return None
    at = known.names.index(known.control)
    shares = known.shares.copy()
    shares[at] = 0.0
    return np.asarray(scores @ (shares / shares.sum()) - scores[:, at], dtype=np.float64)


def difference(treated: NDArray[np.bool_], outcome: Floats, weights: Floats) -> float | None:
    """Weighted outcome rate of the treated minus that of the others; None where either has no weight."""
    on, off = weights * treated, weights * ~treated
    if not on.sum() > 0 or not off.sum() > 0:
        return None
    return float(on @ outcome / on.sum() - off @ outcome / off.sum())


def uplift_at(score: Floats, treated: NDArray[np.bool_], outcome: Floats, percent: int) -> float | None:
    """Difference of outcome rates among the ``percent`` % of rows with the highest score."""
    return difference(treated, outcome, top_weights(score, percent / 100))


def curve(score: Floats, treated: NDArray[np.bool_], outcome: Floats) -> dict[str, Any]:
    """A Qini-like curve: what acting on the best share of customers adds, per customer of all.

    ``points``: share, and share x uplift among that share (None where a group is empty). ``random``: the line of acting
    on as many at random. ``area``: mean height above that line over the shares; {} where there is no uplift at all.
    """
    overall = difference(treated, outcome, np.ones(len(outcome)))
    if overall is None:
        return {}
    points: list[dict[str, float | None]] = [{"share": 0.0, "added": 0.0}]
    above = [0.0]
    for step in range(1, CURVE_POINTS + 1):
        share = step / CURVE_POINTS
        found = difference(treated, outcome, top_weights(score, share))
        points.append({"share": share, "added": None if found is None else share * found})
        if found is not None:
            above.append(share * (found - overall))
    return {"points": points, "overall": overall, "area": float(np.mean(above))}
