"""The judge of quality: live figures against the version's live baseline, by metric and by segment (decision D4)."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from mlopspro.core.formats import metric, number, share
from monitoring.models import Finding, Verdict
from monitoring.services.baselines import MEASURES, Baseline, baseline_of
from monitoring.services.f1_course import f1_course
from monitoring.services.quality_assessed import (
    Assessed,
    SegmentStanding,
    Standing,
    assess,
    headline_for,
    kind_for,
)
from monitoring.services.scene import Outcome, Scene
from monitoring.services.window_reads import HOUR, Totals, total
from monitoring.stats.instability import LEAST_WINDOWS
from monitoring.summaries import live
from monitoring.summaries.types import Summary

ANSWERS = {"lists": "judged lists", "classes": "judged answers", "numbers": "judged numbers"}
STALE = "Stale"


def judge(scene: Scene) -> Outcome:
    """Performance of the headline metric is the score. Not enough labels, no traffic and no baseline judge nothing."""
    whole = total(scene.sources, scene.period, ("counts", *MEASURES))
    found = assessed(scene, whole)
    findings = [_metric(found, one) for one in found.standings.values()]
    findings += [finding for one in found.segments for finding in _segment(scene, one)]
    if found.kind != "numbers" and found.labels:
        findings.append(_instability(scene, found, whole.summary))
    leading = found.leading
    verdict = found.verdict if leading is not None and not found.missing else Verdict.NOT_ENOUGH
    score = leading.share if leading is not None and verdict != Verdict.NOT_ENOUGH else None
    return Outcome(verdict, sentence_of(scene, found), score, findings)


def assessed(scene: Scene, whole: Totals) -> Assessed:
    """``whole``: counts and the measures of quality of the stretch."""
    summary = whole.summary
    kind = kind_for(scene.model, summary)
    headline = headline_for(scene.model, kind)
    return assess(
        scene.settings,
        kind,
        headline,
        summary,
        baseline_for(scene, kind, headline),
        answered=whole.predictions - whole.errors,
        labelled=whole.labelled,
    )


def baseline_for(scene: Scene, kind: live.Kind, headline: str) -> Baseline | None:
    return baseline_of(
        scene.version,
        scene.sources,
        kind=kind,
        headline=headline,
        minimum=scene.settings.minimum_labels,
        settle=dt.timedelta(seconds=scene.settings.window_seconds),
        now=scene.now,
    )


def sentence_of(scene: Scene, found: Assessed) -> str:
    """What who is on call reads."""
    if not found.answered:
        return f"{STALE}: no prediction was answered ({scene.stretch}), so nothing can be said of quality."
    answers = ANSWERS[found.kind]
    if found.leading is None or found.missing:
        return (
            f"Not enough data: {number(found.labels)} {answers} ({scene.stretch}), {number(found.missing)} more are "
            f"needed. {_coverage(found)}"
        )
    one = found.leading
    size = f"({number(found.labels)} {answers}, {scene.stretch})"
    if one.before is None:
        return (
            f"{one.metric.title} is {metric(one.now.value)} {size}. Not enough data for a baseline: it is made of the "
            f"version's first closed hours with {number(scene.settings.minimum_labels)} {answers}. {_coverage(found)}"
        )
    if one.share is None:
        return f"{one.metric.title} is {metric(one.now.value)} {size}; its baseline is 0, so there is no share of it."
    words = f"{one.metric.title} is {metric(one.now.value)}, "
    words += f"{share(one.share, 0)} of its baseline {metric(one.before.value)}"
    if not one.metric.higher_is_better:
        words = f"{one.metric.title} is {metric(one.now.value)}, its baseline {metric(one.before.value)}: performance "
        words += share(one.share, 0)
    return f"{words} {size}.{_worst(found)} {_coverage(found)}"


def _coverage(found: Assessed) -> str:
    """Labels come late, so what is known today of the newest answers is little."""
    return f"{share(found.coverage, 0)} of the answers have feedback so far."


def _worst(found: Assessed) -> str:
    """The segment that fell most, where one is judged as fallen."""
    fallen = [
        (one.share, segment.title.lower(), one.metric.title)
        for segment in found.segments
        for one in segment.standings.values()
        if one.share is not None and one.verdict in (Verdict.WATCH, Verdict.ACT)
    ]
    if not fallen:
        return ""
    least, who, title = min(fallen)
    return f" Furthest down are {who}: {title} at {share(least, 0)} of its baseline."


def _metric(found: Assessed, one: Standing) -> Finding:
    decides = one.metric.name == found.headline
    detail: dict[str, Any] = {
        "kind": found.kind,
        "reason": _reason(one),
        "decides": decides,
        "title": one.metric.title,
        "baseline": one.before.value if one.before else None,
        "share": one.share,
        "interval": list(one.interval) if one.interval else None,
        "coverage": found.coverage,
        "bound": one.now.bound,
        "rule": one.metric.rule,
        "higher_is_better": one.metric.higher_is_better,
    }
    if decides and found.baseline is not None:
        detail |= {
            "baseline_from": found.baseline.start.isoformat(),
            "baseline_to": found.baseline.end.isoformat(),
            "baseline_fixed": found.baseline.fixed,
        }
    return Finding(
        signal=one.metric.name,
        statistic="performance",
        value=one.now.value,
        threshold=one.before.value if one.before else None,
        low=one.now.low,
        high=one.now.high,
        reference_size=one.before.n if one.before else None,
        current_size=one.now.n,
        verdict=one.verdict,
        detail=detail,
    )


def _segment(scene: Scene, segment: SegmentStanding) -> list[Finding]:
    return [
        Finding(
            signal=f"segment.{segment.key}.{name}",
            statistic="degradation",
            value=one.degradation,
            threshold=1 - scene.settings.watch_below,
            low=1 - one.interval[1] if one.interval else None,
            high=1 - one.interval[0] if one.interval else None,
            reference_size=one.before.n if one.before else None,
            current_size=one.now.n,
            verdict=one.verdict,
            detail={
                "kind": "segment",
                "reason": _reason(one),
                "decides": False,
                "title": f"{one.metric.title} of {segment.title.lower()}",
                "live": one.now.value,
                "baseline": one.before.value if one.before else None,
                "share": one.share,
            },
        )
        for name, one in segment.standings.items()
    ]


def _reason(one: Standing) -> str:
    if one.verdict == Verdict.NOT_ENOUGH:
        return "no_baseline" if one.before is None else "few"
    return "moved" if one.verdict != Verdict.OK else "small"


def _instability(scene: Scene, found: Assessed, summary: Summary) -> Finding:
    """The signal drift.instability of alert rules."""
    course = f1_course(scene.sources, found.kind, scene.now, live.positive_of(summary))
    swings = course.instability(scene.settings.drift_threshold)
    unit = "hours" if course.level == HOUR else "days"
    return Finding(
        signal="f1_instability",
        statistic="cv",
        value=swings.cv,
        threshold=scene.settings.drift_threshold,
        p_value=swings.p_value,
        low=_finite(swings.low),
        high=_finite(swings.high),
        current_size=swings.n,
        verdict=Verdict(swings.verdict),
        detail={
            "kind": "instability",
            "reason": "few" if swings.verdict == "not_enough" else "moved" if swings.verdict != "ok" else "small",
            "decides": False,
            "title": "F1 instability",
            "n": swings.n,
            "needed": max(0, LEAST_WINDOWS - swings.n),
            "mean": swings.mean,
            "sd": swings.sd,
            "noise_p_value": swings.noise_p_value,
            "unit": unit,
            "series": [[one.start.timestamp(), one.value, one.labels] for one in course.windows],
        },
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
