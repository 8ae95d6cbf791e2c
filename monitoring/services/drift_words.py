"""What a check of drift says in one sentence to who is on call: what moved, by how much, over how long, of how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitoring.models import Reference
from monitoring.stats.verdicts import Judged, Signal
from monitoring.summaries import signals
from monitoring.summaries.weights import LEAST_USERS

if TYPE_CHECKING:  # they import this file
    from monitoring.services.drift_checks import Compared
    from monitoring.services.scene import Scene

NAMED = 3
"""Signals that a sentence names; it counts the others."""
STATISTICS = {
    "ks": "KS",
    "wasserstein": "Wasserstein",
    "psi": "PSI",
    "jensen_shannon": "Jensen–Shannon",
    "missing_share": "missing share",
    "infinite_share": "infinite share",
}


def not_judged(why: str) -> str:
    return f"Drift is not judged. {why}"


def too_little(found: Compared, needed: int, stretch: str) -> str:
    """Why the stretch says nothing; empty where it does."""
    if found.rows < needed:
        missing = needed - found.rows
        return (
            f"Not enough traffic to judge drift: {found.rows:,} predictions in the {stretch}, {needed:,} needed "
            f"({missing:,} more)."
        )
    for weights, whose in ((found.here, f"The {found.rows:,} predictions of the {stretch}"),
                           (found.there, f"The {found.there.total:,} predictions of the reference")):  # fmt: skip
        if weights.people and weights.independent < LEAST_USERS:
            return (
                f"Not enough users to judge drift: {whose[0].lower()}{whose[1:]} weigh as much as those of "
                f"{weights.independent:,.0f} users who ask equally often, {LEAST_USERS} needed."
            )
    return ""


def sentence(
    judged: Sequence[Judged], made: Sequence[Signal], score: float | None, found: Compared, scene: Scene
) -> str:
    """Of a check that judged something."""
    known = [one for one in judged if one.verdict != "not_enough"]
    moved = sorted((one for one in known if one.moved), key=lambda one: -one.severity)
    sample = f"{found.rows:,} predictions"
    if found.users:
        sample += f" of {found.users:,} users" if found.there.people else ""
    base = f"{sample}, {scene.stretch}, against {against(found.reference)}"
    if score is None:
        return f"Not enough data to judge any signal of drift ({base})."
    if not moved:
        return f"None of {len(known)} signals moved ({base})."
    of_name = {one.name: one for one in made}
    words = [_moved(one, of_name[one.name]) for one in moved[:NAMED]]
    if len(moved) > NAMED:
        words.append(f"and {len(moved) - NAMED} more")
    return (
        f"Drift score {score:.2f}, limit {scene.settings.drift_threshold:.2f}: {'; '.join(words)}. "
        f"{len(moved)} of {len(known)} signals moved ({base})."
    )


def against(reference: Reference) -> str:
    if reference.start is None or reference.end is None:
        return "the training reference"
    return f"the traffic of {reference.start:%Y-%m-%d %H:%M} to {reference.end:%Y-%m-%d %H:%M} UTC"


def title_of(name: str) -> str:
    return signals.TITLES.get(name) or f"Feature {name.removeprefix(signals.FEATURE)}"


def _moved(one: Judged, signal: Signal) -> str:
    figure = one.decided_by
    title = title_of(one.name)
    title = title if title.startswith("Feature ") else title[:1].lower() + title[1:]
    if figure is None:
        return title
    if figure.statistic in ("difference", "ratio"):
        return f"{title} {_share(signal.current_counts):.1%} against {_share(signal.reference_counts):.1%}"
    name = STATISTICS.get(figure.statistic, figure.statistic)
    return f"{title}, {name} {figure.value:.2f} (from {figure.threshold or 0:.2f} on it has moved)"


def _share(counts: object) -> float:
    no, yes = np.asarray(counts, np.float64)[:2]
    return float(yes / (no + yes)) if no + yes else 0.0
