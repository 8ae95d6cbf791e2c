"""The planner beside a new trial's form: from production's own traffic, how large a trial is and what it can show."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import OperationalError

from experiments.models import RegisteredModel
from experiments.services.deployments import champion
from mlopspro.core.formats import metric as figure
from mlopspro.core.formats import number, share
from retraining.services import trial_design
from retraining.services.trial_design import Baseline, Planned
from retraining.services.trial_metrics import CREDIT, spec_of

DAYS = 7
KEPT_SECONDS = 600
"""The baseline is read from the log; while a plan is tried out it is read once."""
LONGEST = 366.0
POINTS = 24
SCARCE = (
    "Not enough traffic to plan by itself: in the last seven days fewer than 30 users of the version in production "
    "left anything that this metric counts. Say what you know of it under “Traffic and metric of production”."
)
ALIKE = (
    "All of these users had the same figure, so nothing says how much users differ. Choose another metric, or say the "
    "scatter between users."
)
SILENT = "The log did not answer in time, so nothing is known of the traffic. Try again, or say what you know of it."


@dataclass(frozen=True)
class Wanted:
    """A plan as the form has it. ``size`` is of what ``given`` names: days, least_effect or planned_users.

    ``value``, ``scatter``, ``users_a_day``: said by a person in place of what was measured, None as a rule.
    """

    metric: str
    given: str = "days"
    size: float = 14.0
    variants: int = 1
    control_share: float = 0.5
    alpha: float = 0.05
    power: float = 0.8
    method: str = "sequential"
    value: float | None = None
    scatter: float | None = None
    users_a_day: float | None = None

    @property
    def interleaving(self) -> bool:
        return self.metric == CREDIT


@dataclass(frozen=True)
class Planner:
    """``source``: where the figures come from; ``curve``: (days, least difference found); ``days``: whole ones."""

    given: str
    source: str = ""
    problem: str = ""
    warning: str = ""
    planned: Planned | None = None
    days: float = 0.0
    effect_words: str = ""
    users_words: str = ""
    pace_words: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    def terms(self) -> dict[str, Any]:
        """Of the trial's document, as they stand on the page; {} where nothing could be planned."""
        if self.planned is None or self.warning:
            return {}
        made = self.planned
        return {"planned_users": made.users, "least_effect": made.least_effect, "days": self.days}


def planner(model: RegisteredModel, wanted: Wanted) -> Planner:
    """Reads the log at most once in KEPT_SECONDS a metric."""
    measured, source = _measured(model, wanted.metric)
    known = _known(measured, wanted)
    if known is None:
        return Planner(wanted.given, source, ALIKE if measured is not None else "")
    if not wanted.size or wanted.size <= 0:
        words = {"days": "the days", "least_effect": "the least difference", "planned_users": "the users"}
        return Planner(wanted.given, source, f"Fill in {words[wanted.given]} above 0, or plan from another figure.")
    if wanted.given == "days" and not known.users_a_day:
        return Planner(wanted.given, source, "Say how many users come a day, or plan from a number of users.")
    try:
        made = _plan(known, wanted)
    except ValueError as error:
        return Planner(wanted.given, source, f"{error}")
    days = wanted.size if wanted.given == "days" else float(math.ceil((made.days or 14.0) - 1e-9))
    return Planner(
        wanted.given,
        source,
        warning=_warning(made, days),
        planned=made,
        days=max(1.0, days),
        effect_words=_effect_words(wanted, known, made),
        users_words="who choose something" if wanted.interleaving else "of all versions",
        pace_words=f"at {number(known.users_a_day)} users a day" if known.users_a_day else "users a day are not known",
        curve=_curve(known, wanted, days) if known.users_a_day else (),
    )


def _measured(model: RegisteredModel, metric: str) -> tuple[Baseline | None, str]:
    live = champion(model)
    if live is None:
        return None, f"Nothing of {model.name} is in production, so nothing is known of its traffic."
    key = f"trial-baseline:{live.pk}:{metric}"
    kept = cache.get(key)
    if kept is None:
        try:
            found = trial_design.baseline(model, metric, days=DAYS)
        except OperationalError:
            return None, SILENT
        kept = dataclasses.asdict(found) if found is not None else {}
        cache.set(key, kept, KEPT_SECONDS)
    return (Baseline(**kept), f"{kept['sentence']} From its log.") if kept else (None, SCARCE)


def _known(measured: Baseline | None, wanted: Wanted) -> Baseline | None:
    """What was measured, with what a person says in its place. None where the scatter is not known."""
    value = wanted.value if wanted.value is not None else measured.value if measured else None
    scatter = wanted.scatter or (measured.scatter if measured else 0.0)
    if not scatter and value is not None and 0 < value < 1 and spec_of(wanted.metric).kind == "share":
        scatter = math.sqrt(value * (1 - value))
    if wanted.interleaving and not scatter:
        scatter = trial_design.WIDEST_PREFERENCE
    pace = wanted.users_a_day if wanted.users_a_day is not None else measured.users_a_day if measured else 0.0
    if not scatter:
        return None
    return Baseline(value or 0.0, scatter, pace, measured.users if measured else 0, "")


def _plan(known: Baseline, wanted: Wanted, days: float | None = None) -> Planned:
    size = {wanted.given: wanted.size} if days is None else {"days": days}
    return trial_design.plan(
        known,
        variants=wanted.variants,
        control_share=wanted.control_share,
        alpha=wanted.alpha,
        power=wanted.power,
        method=wanted.method,
        least_effect=size.get("least_effect", 0.0),
        users=int(size.get("planned_users", 0)),
        days=size.get("days", 0.0),
        interleaving=wanted.interleaving,
    )


def _warning(made: Planned, days: float) -> str:
    if days > LONGEST:
        return f"{number(days)} days are needed, and a year is accepted: look for more, or try fewer versions."
    return ""


def _effect_words(wanted: Wanted, known: Baseline, made: Planned) -> str:
    if wanted.interleaving:
        return "from −1 to 1"
    return f"{share(made.least_effect / abs(known.value))} of {figure(known.value)}" if known.value else ""


def _curve(known: Baseline, wanted: Wanted, days: float) -> tuple[tuple[float, float], ...]:
    """From one day to twice the length, evenly."""
    last = min(LONGEST, max(14.0, 2 * days))
    places = [1 + (last - 1) * step / (POINTS - 1) for step in range(POINTS)]
    return tuple((round(place, 2), _plan(known, wanted, place).least_effect) for place in places)
