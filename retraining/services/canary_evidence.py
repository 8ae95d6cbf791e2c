"""What the log says of a canary and the champion over the same time, as sums over users that guard-rails judge.

Users are what is drawn, so they are the units: answers of one user are one observation however many they are. Where
most requests name no user the answers are what is drawn, and monitoring's windows know them
(``canary_answers``).
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from experiments.learning.families import Family
from experiments.models import ModelVersion
from experiments.services import traffic
from monitoring.models import Source
from monitoring.services.window_rows import liked_from
from retraining.models import Retraining, RetrainingStep
from retraining.plan import Plan
from retraining.records import to_json
from retraining.services import canary_answers, trial_rows
from retraining.services.steps import Kind
from retraining.services.trial_metrics import MetricSpec, choices, spec_of
from retraining.services.trial_rows import ArmFound, ArmRows, Question
from retraining.trial import canary
from retraining.trial.guards import Guard, GuardVerdict, judge
from retraining.trial.sequential import ALPHA
from retraining.trial.srm import SampleRatio, sample_ratio
from retraining.trial.sums import Sums

SETTLED = dt.timedelta(seconds=10)
"""Web processes hear of a new share within seconds; who first came before is no part of the split check."""
LEAST_USERS = 20
"""Of each version: below, users are too few to say how much they scatter."""
REST = 20.0
"""Times as long as the last reading took until the next one, so that a long canary costs a twentieth of a process."""
AT_ONCE = 0.25
"""Seconds; readings that take less are not spaced."""


@dataclass(frozen=True)
class Reading:
    """``document`` is kept with the step: what the next turn, its page and whoever asks later need."""

    evidence: canary.Evidence
    document: dict[str, Any]


def is_due(step: RetrainingStep, now: dt.datetime) -> bool:
    """Whether the log may be read again."""
    last = step.evidence.get("reading")
    if not last or last["seconds"] < AT_ONCE:
        return True
    return now >= dt.datetime.fromisoformat(last["at"]) + dt.timedelta(seconds=REST * last["seconds"])


def of(row: Retraining, step: RetrainingStep, plan: Plan, now: dt.datetime) -> Reading:
    """Of the step. Where the champion answers nobody any more, it is judged by what it did since the canary began."""
    began = time.monotonic()
    share = float(step.evidence["share"])
    champion, new, nameless = _read(row, step, plan, now, together=share < 1.0)
    if nameless > champion.predictions + new.predictions:
        evidence, split = canary_answers.of(row, step, plan, now), None
    else:
        split = _split(row, champion, new, share) if share < 1.0 else None
        broken = split is not None and split.alarm
        words = split.sentence if split is not None else ""
        evidence = canary.Evidence(new.predictions, guard_rails(row, plan, champion, new), broken, words)
    document = {
        "sample": evidence.sample,
        "users": {"champion": champion.users, "new": new.users, "without_name": nameless},
        "guards": [to_json(one) for one in evidence.guards],
        "split": to_json(split) if split is not None else None,
        "reading": {"at": now.isoformat(), "seconds": round(time.monotonic() - began, 3)},
    }
    return Reading(evidence, document)


def guard_rails(row: Retraining, plan: Plan, champion: ArmFound, new: ArmFound) -> tuple[GuardVerdict, ...]:
    """Quality, errors and slow answers of both, users as clusters."""
    rules, metric = plan.guards, _metric(row, plan)
    worse = "below" if metric.better == "above" else "above"
    quality = Guard("quality", metric.title, metric.kind, worse, rules.quality_drop, True, LEAST_USERS)  # type: ignore[arg-type]
    errors = Guard("errors", "Share of requests that failed", "share", "above", rules.error_rise, False, LEAST_USERS)
    slow = Guard(
        "slow", f"Share of answers over {rules.slow_ms:g} ms", "share", "above", rules.slow_rise, False, LEAST_USERS
    )
    asked = (
        (quality, champion.metric, new.metric, metric.of),
        (errors, champion.errors, new.errors, "requests"),
        (slow, champion.slow, new.slow, "timed answers"),
    )
    planned = max(2 * rules.least_answers, 2 * plan.canary.least_sample)
    return tuple(
        _too_few(guard, control, variant, what, rules.least_answers)
        or judge(guard, control, variant, ALPHA / len(asked), planned)
        for guard, control, variant, what in asked
    )


def _too_few(guard: Guard, control: Sums, variant: Sums, what: str, least: int) -> GuardVerdict | None:
    """Users are the units, and the plan asks for so many of what they did as well."""
    found = int(min(control.y, variant.y))
    if found >= least:
        return None
    words = f"{guard.title}: {found:,} {what} of the version with fewer, {least:,} are needed."
    return GuardVerdict(guard.name, "not_enough", words, min(control.n, variant.n))


def _metric(row: Retraining, plan: Plan) -> MetricSpec:
    """Of lists the plan's; tables have one each."""
    if Family(row.model.family).is_tabular:
        return next(iter(choices(row.model).values()))
    return spec_of(plan.guards.metric)


def _read(
    row: Retraining, step: RetrainingStep, plan: Plan, now: dt.datetime, *, together: bool
) -> tuple[ArmFound, ArmFound, int]:
    """(champion, new version, requests that name no user).

    ``together``: over the same time, where who was answered by both counts for neither. Else the users of the champion
    are those of the new version later, so each is read by itself.
    """
    since, theirs_since, theirs_until = step.started_at, step.started_at, now
    if not together:
        first = row.steps.filter(kind=Kind.CANARY).order_by("number").first()
        theirs_since, theirs_until = (first or step).started_at, since
    if row.version is None:
        raise LookupError("its version was deleted")
    theirs = _arm(row, row.base, Source.As.CHAMPION, theirs_since, theirs_until)
    mine = _arm(row, row.version, Source.As.CHALLENGER, since, now)
    asked = Question(
        metric=_metric(row, plan).name,
        liked_from=_liked_from(row),
        slow_ms=plan.guards.slow_ms,
        borders=(since + SETTLED,),
    )
    found = [
        trial_rows.read(row.model.workspace_id, arms, asked)
        for arms in ([[theirs, mine]] if together else [[theirs], [mine]])
    ]
    arms = {number: arm for one in found for number, arm in one.arms.items()}
    return arms[theirs.number], arms[mine.number], sum(one.nameless for one in found)


def _arm(row: Retraining, version: ModelVersion, role: str, since: dt.datetime, until: dt.datetime) -> ArmRows:
    sources = Source.objects.filter(model=row.model_id, version=version, role=role).values_list("pk", flat=True)
    return ArmRows(version.number, tuple(sources), since, until)


def _liked_from(row: Retraining) -> float:
    """Of both by the champion's rule: the same lists must mean the same."""
    return liked_from(Source(model=row.model, version=row.base, role=Source.As.CHAMPION))


def _split(row: Retraining, champion: ArmFound, new: ArmFound, share: float) -> SampleRatio | None:
    """Users who first came since the share was known everywhere, against what the shares say."""
    left = traffic.champion_share(list(traffic.running(row.model)))
    if left <= 0.0 or row.version is None:
        return None
    counts = {row.base.number: champion.first_seen[-1], row.version.number: new.first_seen[-1]}
    return sample_ratio(counts, {row.base.number: left, row.version.number: share})
