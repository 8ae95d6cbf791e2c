"""What monitoring's windows say of a canary whose requests name no user: answers are the units then, as each request is
drawn for itself."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Literal

from monitoring.models import Source
from monitoring.services import window_reads
from monitoring.services.window_reads import Totals
from monitoring.summaries import judged
from monitoring.summaries.latency import GROWTH
from retraining.models import Retraining, RetrainingStep
from retraining.plan import Guards, Metric, Plan
from retraining.services.steps import Kind
from retraining.trial import canary
from retraining.trial.guards import Guard, GuardVerdict, judge
from retraining.trial.sequential import ALPHA
from retraining.trial.sums import Sums

MEASURES = ("judged", "classes", "numbers", "latency")
_LISTS: dict[Metric, tuple[str, str, str]] = {
    "precision_at_10": ("lists", "precision", "precision2"),
    "ndcg_at_10": ("with_positive", "ndcg", "ndcg2"),
    "recall_at_10": ("with_positive", "recall", "recall2"),
    "hit_rate_at_10": ("lists", "with_hit", "with_hit"),
}
_TITLES: dict[Metric, str] = {
    "precision_at_10": "Live Precision@10",
    "ndcg_at_10": "Live NDCG@10",
    "recall_at_10": "Live Recall@10",
    "hit_rate_at_10": "Live hit rate@10",
}
Worse = Literal["above", "below"]


def of(row: Retraining, step: RetrainingStep, plan: Plan, now: dt.datetime) -> canary.Evidence:
    """Of the step. Where the champion answers nobody any more, it is judged by what it did since the canary began."""
    since = champion_since = step.started_at
    if step.evidence["share"] >= 1.0:
        first = row.steps.filter(kind=Kind.CANARY).order_by("number").first()
        champion_since = first.started_at if first is not None else since
    mine = _totals(row, row.version_id, Source.As.CHALLENGER, since, now)
    theirs = _totals(row, row.base_id, Source.As.CHAMPION, champion_since, now)
    return canary.Evidence(mine.predictions, guard_rails(plan, theirs, mine))


def guard_rails(plan: Plan, champion: Totals, new: Totals) -> tuple[GuardVerdict, ...]:
    """Quality, errors and slow answers."""
    rules = plan.guards
    title, worse, theirs, mine = _quality(rules.metric, champion.summary, new.summary)
    few = rules.least_answers
    planned = max(2 * few, 2 * plan.canary.least_sample)
    guards = (
        (Guard("quality", title, "mean", worse, rules.quality_drop, True, few, "answers"), theirs, mine),
        (_share("errors", "Share of requests that failed", rules.error_rise, few), _errors(champion), _errors(new)),
        (
            _share("slow", f"Share of answers over {rules.slow_ms:g} ms", rules.slow_rise, few),
            _slow(champion, rules),
            _slow(new, rules),
        ),
    )
    return tuple(judge(guard, control, variant, ALPHA / len(guards), planned) for guard, control, variant in guards)


def _share(name: str, title: str, margin: float, few: int) -> Guard:
    return Guard(name, title, "share", "above", margin, False, few, "answers")


def _totals(row: Retraining, version: Any, role: str, start: dt.datetime, now: dt.datetime) -> Totals:
    sources = list(Source.objects.filter(model=row.model_id, version=version, role=role))
    if not sources or start >= now:
        return Totals()
    return window_reads.total(sources, window_reads.period(start=start, end=now, now=now), MEASURES)


def _quality(metric: Metric, champion: dict[str, Any], new: dict[str, Any]) -> tuple[str, Worse, Sums, Sums]:
    """What both have feedback of: lists, labels or numbers."""
    for name, title, worse, keys in (
        ("classes", "Share of right labels", "below", ("n", "right", "right")),
        ("numbers", "Mean absolute error", "above", ("n", "absolute", "squared")),
    ):
        if champion.get(name) or new.get(name):
            return title, worse, _sums(champion.get(name), keys), _sums(new.get(name), keys)  # type: ignore[return-value]
    lists = (judged.whole(one.get("judged") or {}) for one in (champion, new))
    theirs, mine = (_sums(one, _LISTS[metric]) for one in lists)
    return _TITLES[metric], "below", theirs, mine


def _sums(summary: dict[str, Any] | None, keys: tuple[str, str, str]) -> Sums:
    n, x, xx = ((summary or {}).get(key, 0) for key in keys)
    return Sums.mean(int(n), float(x), float(xx))


def _errors(totals: Totals) -> Sums:
    return Sums.yes_or_no(totals.predictions, totals.errors)


def _slow(totals: Totals, rules: Guards) -> Sums:
    """Answers in bins above the limit; a bin is 2 % wide."""
    summary = totals.summary.get("latency") or {}
    limit = math.ceil(math.log(rules.slow_ms) / math.log(GROWTH))
    over = sum(count for place, count in (summary.get("bins") or {}).items() if int(place) > limit)
    return Sums.yes_or_no(int(summary.get("n", 0)), int(over))
