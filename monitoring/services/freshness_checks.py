"""How long ago anything happened: predictions, feedback, and the newest row of the data the version learnt from.

Only silence of predictions makes a model stale. Feedback that stays away is to be watched, as quality cannot be judged
without it; old training data is shown and decides nothing, as the data alone does not say that it is outdated.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from experiments.models import Deployment, ModelVersion
from mlopspro.core import formats
from monitoring.models import Finding, Source, StaleMinute, Verdict
from monitoring.services.scene import Outcome, Scene
from monitoring.services.window_reads import sources_of

STATISTIC = "seconds"
TRAFFIC, FEEDBACK, TRAINING = "freshness", "freshness.feedback", "freshness.training"
TITLES = {TRAFFIC: "Last prediction", FEEDBACK: "Last prediction with feedback", TRAINING: "Newest training data"}
TRAINING_IS_OLD = dt.timedelta(days=90)
HISTORICAL = dt.timedelta(days=365)
"""Data that was this old when it came in is a historical set: it counts from its import."""
WAITING = dt.timedelta(minutes=1)
"""Rows of the log that are not in the windows after this wait for something."""
_NEWEST = """
SELECT max(w.start) FROM unnest(%s::bigint[]) AS s(id), unnest(ARRAY[60, 86400]) AS l(level), LATERAL (
    SELECT start FROM monitoring_window WHERE source_id = s.id AND level = l.level AND {counted} > 0 AND start <= %s
    ORDER BY start DESC LIMIT 1) AS w"""
_OF_PREDICTIONS, _OF_FEEDBACK = _NEWEST.format(counted="predictions"), _NEWEST.format(counted="labelled")


@dataclass(frozen=True)
class _Age:
    """``at``: when it last happened, or since when it could have; ``verdict`` with what it is held against."""

    signal: str
    at: dt.datetime | None
    threshold: float
    verdict: Verdict
    reason: str

    def seconds(self, now: dt.datetime) -> float | None:
        """Clocks that disagree make no negative ages."""
        return None if self.at is None else max(0.0, (now - self.at).total_seconds())


def judge(scene: Scene) -> Outcome | None:
    """None where nothing was ever live and nothing was ever asked."""
    sources = [one for one in sources_of(scene.model) if one.role != Source.As.SHADOW]
    last, since = _newest(_OF_PREDICTIONS, sources, scene.now), _live_since(scene)
    if last is None and since is None:
        return None
    ages = [_traffic(scene, sources, last, since), _feedback(scene, sources, last)]
    if scene.version is not None:
        ages.append(_training(scene, scene.version))
    deciding = [one.verdict for one in ages if one.signal != TRAINING]
    return Outcome(
        verdict=_of(deciding),
        sentence=_sentence(ages, scene),
        score=ages[0].seconds(scene.now),
        findings=[_finding(one, scene) for one in ages],
    )


def _traffic(scene: Scene, sources: list[Source], last: dt.datetime | None, since: dt.datetime | None) -> _Age:
    limit = float(scene.settings.fresh_within_seconds)
    at = max((one for one in (last, since) if one is not None), default=scene.now)
    quiet = (scene.now - at).total_seconds() > limit
    if not quiet:
        if last is not None and (scene.now - last).total_seconds() <= limit:
            return _Age(TRAFFIC, last, limit, Verdict.OK, "within")
        # A version that has only just gone live was not asked yet: that is no silence, and no traffic either.
        return _Age(TRAFFIC, since, limit, Verdict.NOT_ENOUGH, "new")
    if _waits(sources, scene.now):
        return _Age(TRAFFIC, at, limit, Verdict.NOT_ENOUGH, "waiting")
    return _Age(TRAFFIC, at, limit, Verdict.ACT, "silent" if last is not None else "never")


def _feedback(scene: Scene, sources: list[Source], last: dt.datetime | None) -> _Age:
    """Held against the analysed stretch: feedback on older predictions judges nothing now."""
    limit = float(scene.settings.window_seconds)
    at = _newest(_OF_FEEDBACK, sources, scene.now)
    if at is None:
        return _Age(FEEDBACK, None, limit, Verdict.NOT_ENOUGH, "none")
    # Where predictions themselves have stopped, that is said already.
    behind = ((last or scene.now) - at).total_seconds()
    return _Age(FEEDBACK, at, limit, *((Verdict.WATCH, "silent") if behind > limit else (Verdict.OK, "within")))


def _training(scene: Scene, version: ModelVersion) -> _Age:
    data = version.dataset
    came, newest = data.created_at, data.last_at
    at = newest if newest is not None and came - newest < HISTORICAL else came
    limit = TRAINING_IS_OLD.total_seconds()
    old = (scene.now - at).total_seconds() > limit
    return _Age(TRAINING, at, limit, *((Verdict.WATCH, "old") if old else (Verdict.OK, "within")))


def _newest(statement: str, sources: list[Source], now: dt.datetime) -> dt.datetime | None:
    """Start of the newest window that has any, of minutes or, where those are long gone, of days."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [[one.pk for one in sources], now])
        found: dt.datetime | None = cursor.fetchone()[0]
    return found


def _live_since(scene: Scene) -> dt.datetime | None:
    rows = Deployment.objects.filter(model=scene.model, role=Deployment.As.CHAMPION, ended_at__isnull=True)
    return rows.filter(started_at__lte=scene.now).values_list("started_at", flat=True).first()


def _waits(sources: list[Source], now: dt.datetime) -> bool:
    return StaleMinute.objects.filter(source__in=[one.pk for one in sources], minute__lt=now - WAITING).exists()


def _of(verdicts: list[Verdict]) -> Verdict:
    """Silence comes first; feedback that never came leaves the traffic's own verdict."""
    traffic, feedback = verdicts
    return feedback if traffic == Verdict.OK and feedback == Verdict.WATCH else traffic


def _sentence(ages: list[_Age], scene: Scene) -> str:
    traffic, feedback = ages[0], ages[1]
    limit = formats.duration(traffic.threshold)
    ago = formats.duration(traffic.seconds(scene.now))
    said = {
        "within": f"The last prediction was {ago} ago (limit {limit})",
        "new": f"Live for {ago} and not asked yet",
        "waiting": f"Predictions wait to be counted; the last one that is was {ago} ago",
        "silent": f"No prediction for {ago} (limit {limit})",
        "never": f"Live for {ago} and never asked (limit {limit})",
    }[traffic.reason]
    age = formats.duration(feedback.seconds(scene.now))
    feedback_words = {
        "none": "no feedback yet",
        "silent": f"the newest prediction with feedback is {age} old, so quality is not judged",
        "within": f"the newest prediction with feedback is {age} old",
    }[feedback.reason]
    return f"{said}; {feedback_words}."


def _finding(age: _Age, scene: Scene) -> Finding:
    return Finding(
        signal=age.signal,
        statistic=STATISTIC,
        value=age.seconds(scene.now),
        threshold=age.threshold,
        verdict=age.verdict,
        detail={
            "kind": "age",
            "reason": age.reason,
            "decides": age.signal == TRAFFIC,
            "title": TITLES[age.signal],
            "at": age.at.isoformat() if age.at is not None else None,
        },
    )
