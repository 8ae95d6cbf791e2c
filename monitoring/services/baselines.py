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
from decimal import Decimal
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

    ``settle``: how long after its end the stretch still takes in late labels. Three queries, once fixed one.
    """
    if version is not None and (kept := _kept(version)) is not None and kept.end <= now:
        return kept
    found = _found(sources, kind, headline, minimum, now)
    if found is None:
        return None
    stretch, summary = found
    fixed = version is not None and stretch.end + settle <= now and _keep(version, stretch, summary)
    return Baseline(stretch.start, stretch.end, summary, fixed)


def _found(
    sources: Sequence[Source], kind: live.Kind, headline: str, minimum: int, now: dt.datetime
) -> tuple[Period, Summary] | None:
    """From the first labelled window to the one in which there are enough, with its measures."""
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
        summary = total(sources, period, MEASURES).summary
        figure = live.figures_of(summary, kind).get(headline)
        known = figure.n if figure is not None else 0
        if known >= minimum:
            return period, summary
        needed = seen + minimum - known
    return None


def _labelled(sources: Sequence[Source], now: dt.datetime) -> tuple[int, list[tuple[dt.datetime, int]]]:
    """Closed windows with feedback in order of time: hours, or days where the first is older than hours are kept."""
    until = {level: floor(now - GRACE, level) - dt.timedelta(seconds=level) for level in (HOUR, DAY)}
    hours_from = kept_from(HOUR, now)
    with connection.cursor() as cursor:
        cursor.execute(_LABELLED, [[one.pk for one in sources], HOUR, hours_from, until[HOUR], DAY, floor(now, DAY)])
        rows: list[tuple[int, dt.datetime, Decimal]] = cursor.fetchall()
    first = min((start for level, start, _ in rows if level == DAY), default=None)
    level = HOUR if first is None or first >= hours_from else DAY
    return level, [(start, int(n)) for one, start, n in rows if one == level and start <= until[level]]


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


_LABELLED = """
SELECT level, start, sum(labelled) FROM monitoring_window
WHERE source_id = ANY(%s) AND labelled > 0
  AND ((level = %s AND start >= %s AND start <= %s) OR (level = %s AND start <= %s))
GROUP BY level, start ORDER BY level, start"""
_KEPT = """
SELECT (profile->'baseline')::text FROM monitoring_reference
WHERE version_id = %s AND profile ? 'baseline' ORDER BY created_at, id LIMIT 1"""
_KEEP = """
UPDATE monitoring_reference SET profile = profile || jsonb_build_object(%s::text, %s::jsonb)
WHERE id = (SELECT id FROM monitoring_reference WHERE version_id = %s ORDER BY created_at, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM monitoring_reference WHERE version_id = %s AND profile ? %s)"""
