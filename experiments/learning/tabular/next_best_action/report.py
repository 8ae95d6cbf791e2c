"""What pages show of a model of actions: calibration, uplift, what its choices would have brought, action by action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.columns import Texts
from experiments.learning.tabular.next_best_action import policy, uplift
from experiments.learning.tabular.next_best_action.figures import calibration_bins, log_losses
from experiments.learning.tabular.scorers.actions import KnownActions


@dataclass(frozen=True)
class Judged:
    """One fold: the model's scores of each known action on its test rows, and what training rows had."""

    known: KnownActions
    scores: Floats
    taken: Texts
    outcome: Floats
    train_taken: Texts
    train_outcome: Floats


def details(
    folds: list[Judged], taken: Texts, outcome: Floats, predicted: Floats, predicted_uplift: Floats
) -> dict[str, Any]:
    """JSON-able: calibration, uplift_curve, policy (of the last fold, where there are several), actions, notes."""
    last = folds[-1]
    control = last.known.control
    treated = taken != control
    measurable = bool(len(taken)) and not np.isnan(predicted_uplift).any()
    curve = uplift.curve(predicted_uplift, treated, outcome) if measurable else {}
    return {
        "calibration": calibration_bins(predicted, outcome),
        "uplift_curve": curve,
        "policy": policy_of(last),
        "actions": _actions(taken, outcome, predicted),
        "control": control,
        "notes": list(_notes(folds, taken, curve)),
    }


def policy_of(fold: Judged) -> dict[str, Any]:
    """The value of following the model on the fold's test rows, beside random and single actions."""
    known = fold.known
    place = {name: number for number, name in enumerate(known.names)}
    taken = np.array([place.get(str(action), -1) for action in fold.taken], dtype=np.int64)
    logged = policy.Logged(taken, fold.outcome, known.shares[np.maximum(taken, 0)])
    rates = [fold.train_outcome[fold.train_taken == name].mean() for name in known.names]
    found = policy.compare(logged, known.best(fold.scores), known.names, int(np.argmax(rates)))
    return found | {"propensities": dict(zip(known.names, known.shares.tolist(), strict=True))}


def _actions(taken: Texts, outcome: Floats, predicted: Floats) -> list[dict[str, Any]]:
    found = []
    for name in sorted({str(action) for action in taken}):
        rows = taken == name
        found.append(
            {
                "action": name,
                "rows": int(rows.sum()),
                "rate": float(outcome[rows].mean()),
                "predicted": float(predicted[rows].mean()),
                "log_loss": float(log_losses(predicted[rows], outcome[rows]).mean()),
            }
        )
    return found


def _notes(folds: list[Judged], taken: Texts, curve: dict[str, Any]) -> list[str]:
    known = set().union(*(fold.known.names for fold in folds))
    unseen = sorted({str(action) for action in taken} - known)
    notes = []
    if unseen:
        notes.append(
            f"Training never had {', '.join(map(repr, unseen))}; such rows are answered with the mean over the others."
        )
    if len(known) < 2:
        notes.append("There is one action alone, so there is nothing to choose and no uplift.")
    elif not curve:
        notes.append(f"Nobody went without an action ({folds[-1].known.control!r}), so uplift cannot be measured.")
    return notes
