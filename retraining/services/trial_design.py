"""How many users a trial needs and how long it takes, from what the champion's users did lately."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

from django.utils import timezone

from experiments.models import RegisteredModel
from experiments.services.deployments import champion
from experiments.services.spec import Problem, Refused
from monitoring.models import MonitoringSettings, Source
from monitoring.services.window_rows import liked_from
from retraining.models import Trial
from retraining.services import trial_rows
from retraining.services.trial_metrics import CREDIT, spec_of
from retraining.services.trial_rows import ArmRows, Question
from retraining.services.trial_terms import LEAST_USERS, Asked, TrialTerms
from retraining.trial import planner
from retraining.trial.planner import Design, Method

LEAST_KNOWN = 30
"""Users from which the scatter between users is estimated."""
USUAL_EFFECT = 0.05
"""Of the champion's figure, where nobody says which effect matters."""
USUAL_DAYS = 14.0
WIDEST_PREFERENCE = 1.0
"""Standard deviation of a user's preference, which lies between -1 and 1, when everybody is wholly for one list."""
_CHOSE = "recall_at_10"
"""Its users are those with a list on which anything is positive: who would choose from an interleaved one."""


@dataclass(frozen=True)
class Baseline:
    """The champion's figure over the last days. ``scatter``: standard deviation of one user's part of it;
    ``users_a_day``: users of these days / days, as if each came once."""

    value: float
    scatter: float
    users_a_day: float
    users: int
    sentence: str


@dataclass(frozen=True)
class Planned:
    """``users`` of all arms together; ``least_effect`` that they show, in the metric's unit. ``days`` is None where
    nothing is known of how many users come."""

    users: int
    days: float | None
    least_effect: float
    sentence: str


def baseline(model: RegisteredModel, metric: str, days: int = 7, now: dt.datetime | None = None) -> Baseline | None:
    """From the log of the version in production; None where fewer than LEAST_KNOWN users say anything of it.

    Raises KeyError for a metric that is not known, OperationalError where the log does not answer in time.
    """
    spec, live = spec_of(metric), champion(model)
    moment = now or timezone.now()
    if live is None:
        return None
    source = Source.objects.filter(model=model, version=live, role=Source.As.CHAMPION).first()
    if source is None:
        return None
    prices = MonitoringSettings.objects.filter(model=model).first() or MonitoringSettings()
    asked = Question(
        metric=_CHOSE if metric == CREDIT else metric,
        liked_from=liked_from(source),
        slow_ms=math.inf,
        prices=(prices.price_false_positive, prices.price_false_negative),
    )
    since = moment - dt.timedelta(days=days)
    row = ArmRows(live.number, (source.pk,), since, moment)
    found = trial_rows.read(model.workspace_id, [row], asked).arms[live.number]
    sums = found.metric
    if sums.n < LEAST_KNOWN:
        return None
    span = min(float(days), max((moment - live.stage_changed_at) / dt.timedelta(days=1), 1 / 24))
    if metric == CREDIT:
        words = f"{sums.n:,} users of {live.number} chose something in {span:.3g} days"
        return Baseline(0.0, WIDEST_PREFERENCE, sums.n / span, sums.n, f"{words}.")
    words = f"{spec.title} of {live.number} is {sums.value:.4g} over {sums.n:,} users in {span:.3g} days"
    return Baseline(sums.value, sums.scatter(), sums.n / span, sums.n, f"{words}, ± {sums.scatter():.3g} a user.")


def plan(
    known: Baseline,
    *,
    variants: int = 1,
    control_share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
    method: str = "sequential",
    least_effect: float = 0.0,
    users: int = 0,
    days: float = 0.0,
    interleaving: bool = False,
) -> Planned:
    """Of users, effect and days the two that are not given, from the one that is (effect before users before days).

    Without any of them the effect is 5 % of the baseline. Raises ValueError naming what is out of bounds.
    """
    chosen: Method = "fixed" if method == "fixed" else "sequential"
    if not known.scatter > 0:
        raise ValueError("baseline: users who differ are needed, all had the same figure.")
    design = Design(known.scatter, 1 if interleaving else variants, 0.5 if interleaving else control_share, alpha,
                    power, chosen)  # fmt: skip
    arms = 4 if interleaving else 1  # n users compare both lists themselves: as precise as 4 n in two halves
    share = 1 - control_share if interleaving else 1.0
    a_day = known.users_a_day * share
    if least_effect <= 0 and users <= 0 and days <= 0:
        least_effect = USUAL_EFFECT * (abs(known.value) or 1.0)
    if least_effect > 0:
        users = max(LEAST_USERS, math.ceil(planner.sample_size(design, least_effect).total / arms))
    elif users <= 0:
        users = max(LEAST_USERS, int(days * a_day))
    effect = least_effect if least_effect > 0 else planner.least_effect(design, users * arms)
    lasting = users / a_day if a_day > 0 else None
    long = f" That is about {lasting:.2g} days at {a_day:,.3g} users a day." if lasting is not None else ""
    sentence = f"{users:,} users show a difference of {effect:.3g} with a chance of {100 * power:.3g} %.{long}"
    return Planned(users, lasting, effect, sentence)


def settled(model: RegisteredModel, found: Asked) -> TrialTerms:
    """The terms of a document with what it leaves to the planner filled in. Raises Refused (planned_users)."""
    terms = found.terms
    if terms.planned_users and terms.days:
        return terms
    known = baseline(model, found.metric)
    if terms.planned_users:
        lasting = terms.planned_users / known.users_a_day if known is not None and known.users_a_day else USUAL_DAYS
        return replace(terms, days=_whole(lasting))
    if known is None or not known.scatter > 0:
        words = f"too little is known of {model.name}'s users to plan; accepted: a number of users from {LEAST_USERS}"
        raise Refused([Problem("planned_users", words)])
    try:
        made = plan(
            known,
            variants=len(found.shares),
            control_share=found.control_share,
            alpha=terms.alpha,
            power=terms.power,
            method=found.method,
            least_effect=terms.least_effect,
            days=terms.days,
            interleaving=found.kind == Trial.Kind.INTERLEAVING,
        )
    except ValueError as error:
        raise Refused([Problem("least_effect", str(error).partition(": ")[2] or str(error))]) from error
    if made.users > 1_000_000_000:
        words = f"a difference of {made.least_effect:.3g} needs {made.users:,} users; a greater one is accepted"
        raise Refused([Problem("least_effect", words)])
    return replace(
        terms,
        planned_users=made.users,
        least_effect=made.least_effect,
        days=terms.days or _whole(made.days or USUAL_DAYS),
    )


def _whole(days: float) -> float:
    """Whole days, as weekdays differ; at least one, and a year at most."""
    return float(min(366, max(1, math.ceil(days - 1e-9))))
