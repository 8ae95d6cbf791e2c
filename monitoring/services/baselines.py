"""The live baseline of a version: how good it was in its first closed windows with enough labels (decision D4).

The stretch begins with the version's first hour that has feedback and ends with the hour in which there are enough
judged answers; it never changes. As labels come late, its figures still take them in until the stretch is as old as the
analysed stretch is long; then they are kept with a reference of the version (``Reference.profile["baseline"]``), and
from there on nothing moves them. Of a version without a reference they are computed again each time, from hours as long
as those are kept and from days, which stay for ever.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from experiments.models import ModelVersion
from monitoring.models import Source
from monitoring.services.window_reads import DAY, HOUR, Period, total
from monitoring.services.window_writes import GRACE, floor, kept_from
from monitoring.summaries import live
from monitoring.summaries.types import Summary

KEY = "baseline"
MEASURES = (*live.ALL_MEASURES, "by_popularity")


@dataclass(frozen=True)
class Baseline:
    """``summary``: the merged measures of the stretch; ``fixed``: nothing moves it any more."""

    start: dt.datetime
    end: dt.datetime
    summary: Summary
    fixed: bool

    @property
    def figures(self) -> live.Figures:
        kind = live.kind_of(self.summary)
        return live.figures_of(self.summary, kind) if kind else {}


def baseline_of(
    version: ModelVersion | None,
    sources: Sequence[Source],
    *,
    kind: live.Kind,
    headline: str,
    minimum: int,
    settle: dt.timedelta,
    now: dt.datetime,
) -> Baseline | None:
    """As it was known at ``now``; None as long as there are not ``minimum`` answers that ``headline`` is made of.

    ``settle``: how long after its end the stretch still takes in late labels. Two queries, once it is fixed one.
    """
    if version is not None and (kept := _kept(version)) is not None and kept.end <= now:
        return kept
    stretch = _stretch(sources, kind, headline, minimum, now)
    if stretch is None:
        return None
    summary = total(sources, stretch, MEASURES).summary
    if version is not None and stretch.end + settle <= now and _keep(version, stretch, summary):
        return Baseline(stretch.start, stretch.end, summary, fixed=True)
    return Baseline(stretch.start, stretch.end, summary, fixed=False)


def _stretch(
    sources: Sequence[Source], kind: live.Kind, headline: str, minimum: int, now: dt.datetime
) -> Period | None:
    """From the first labelled window to the one in which there are enough."""
    level, windows = _labelled(sources, now)
    if sum(labelled for _, labelled in windows) < minimum:
        return None
    # A window has at most as many answers of the metric as labelled ones, so few stretches are looked into.
    seen, needed = 0, minimum
    for start, labelled in windows:
        seen += labelled
        if seen < needed:
            continue
        period = Period("", windows[0][0], start + dt.timedelta(seconds=level), level)
        found = live.figures_of(total(sources, period, live.MEASURES[kind]).summary, kind).get(headline)
        known = found.n if found is not None else 0
        if known >= minimum:
            return period
        needed = seen + minimum - known
    return None


def _labelled(sources: Sequence[Source], now: dt.datetime) -> tuple[int, list[tuple[dt.datetime, int]]]:
    """Closed windows with feedback in order of time: hours, or days where the first is older than hours are kept."""
    ids = [one.pk for one in sources]
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [ids, DAY])
        (first,) = cursor.fetchone()
        if first is None:
            return HOUR, []
        level = HOUR if first >= kept_from(HOUR, now) else DAY
        until = floor(now - GRACE, level) - dt.timedelta(seconds=level)
        cursor.execute(_LABELLED, [ids, level, first, until])
        return level, [(start, int(labelled)) for start, labelled in cursor.fetchall()]


def _kept(version: ModelVersion) -> Baseline | None:
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [version.pk])
        found = cursor.fetchone()
    if found is None:
        return None
    document: dict[str, Any] = json.loads(found[0])
    return Baseline(
        dt.datetime.fromisoformat(document["start"]),
        dt.datetime.fromisoformat(document["end"]),
        document["summary"],
        fixed=True,
    )


def _keep(version: ModelVersion, stretch: Period, summary: Summary) -> bool:
    """Whether there is a reference to keep it with. The first one that is kept stays."""
    document = {"start": stretch.start.isoformat(), "end": stretch.end.isoformat(), "summary": summary}
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [KEY, json.dumps(document, allow_nan=False), version.pk, version.pk, KEY])
        return bool(cursor.rowcount)


_FIRST = """
SELECT min(start) FROM monitoring_window WHERE source_id = ANY(%s) AND level = %s AND labelled > 0"""
_LABELLED = """
SELECT start, sum(labelled) FROM monitoring_window
WHERE source_id = ANY(%s) AND level = %s AND start >= %s AND start <= %s AND labelled > 0
GROUP BY start ORDER BY start"""
_KEPT = """
SELECT (profile->'baseline')::text FROM monitoring_reference
WHERE version_id = %s AND profile ? 'baseline' ORDER BY created_at, id LIMIT 1"""
_KEEP = """
UPDATE monitoring_reference SET profile = profile || jsonb_build_object(%s::text, %s::jsonb)
WHERE id = (SELECT id FROM monitoring_reference WHERE version_id = %s ORDER BY created_at, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM monitoring_reference WHERE version_id = %s AND profile ? %s)"""
