"""A prediction log of any size over the last seven days, filled by the database itself, and its windows by the product.

Rows are made by generate_series straight into the partitions: lists of ten out of a pool of 2,000, 50,000 users whose
activity is skewed, latencies and confidences. One prediction in twenty has a piece of feedback. The windows are then
computed by ``monitoring.services.windows.refresh``, as the io worker does it, from those rows.
"""

from __future__ import annotations

import datetime as dt
import time

from django.db import connection
from django.utils import timezone

from benchmarks.site import emit
from experiments.services import promotion
from experiments.tests.registered import make_version
from mlopspro.accounts.models import Workspace
from monitoring.models import Source
from monitoring.services import partitions, windows
from monitoring.services.sources import source_of

DAYS = 7

_POOL = """
CREATE TEMPORARY TABLE pool AS
SELECT n, ARRAY(SELECT 'i' || (1 + floor(5000 * random() * random() + 0 * n))::int FROM generate_series(1, 10))
       AS items, ARRAY(SELECT round((5 - k * 0.1)::numeric, 3)::float8 FROM generate_series(1, 10) k) AS scores
FROM generate_series(0, 1999) n
"""
_PREDICTIONS = """
INSERT INTO monitoring_prediction (id, day, at, received_at, source_id, key, "user", history, fallback, items, scores,
                                   value, label, confidence, features, input_size, latency_ms, error)
SELECT gen_random_uuid(), (at AT TIME ZONE 'UTC')::date, at, at, %(source)s, '', "user", 20, spice < 0.03,
       pool.items, pool.scores, NULL, '', 0.5 + spice / 2, NULL, 1, 1 + 4 * spice * spice,
       CASE WHEN spice > 0.999 THEN 'failed' ELSE '' END
FROM (
    SELECT %(start)s::timestamptz + g * %(step)s * interval '1 second' AS at, random() AS spice,
           'u' || floor(50000 * random() * random())::int AS "user", (g * 7919) %% 2000 AS n
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) g
) AS made JOIN pool USING (n)
"""
_FEEDBACK = """
INSERT INTO monitoring_feedback (id, day, prediction_id, item, kind, value, label, at, received_at)
SELECT gen_random_uuid(), day, id, items[1 + (random() * 9)::int],
       CASE WHEN random() < 0.3 THEN 'click' ELSE 'skip' END, NULL, '', at, at
FROM monitoring_prediction TABLESAMPLE BERNOULLI (5) WHERE day = %s AND items IS NOT NULL
"""
_STALE = """
INSERT INTO monitoring_staleminute (source_id, minute)
SELECT DISTINCT source_id, date_trunc('minute', at) FROM monitoring_prediction WHERE day = %s
"""


def live_source(workspace: Workspace) -> Source:
    """Of the one version of the model "recommender", trained and promoted."""
    version = make_version(workspace)
    promotion.promote(version, actor=None, force=True, reason="A benchmark needs it to be live", through="command")
    return source_of(model=version.model, version=version, role="champion")


def fill(source: Source, count: int) -> None:
    """``count`` predictions evenly over the last seven days up to now, with their windows."""
    now = timezone.now()
    start = now - dt.timedelta(days=DAYS)
    days = [(start + dt.timedelta(days=number)).date() for number in range(DAYS + 1)]
    partitions.ensure(days)
    began = time.perf_counter()
    step = DAYS * 86_400 / count
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(_POOL)
        for first in range(0, count, 500_000):
            last = min(first + 500_000, count) - 1
            cursor.execute(
                _PREDICTIONS, {"source": source.pk, "start": start, "step": step, "first": first, "last": last}
            )
        for day in days:
            cursor.execute(_FEEDBACK, [day])
        filled = time.perf_counter() - began
        for day in days:
            cursor.execute(_STALE, [day])
        cursor.execute("DROP TABLE pool")
        cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    while windows.refresh(60, busy_pause=0).left:
        pass
    emit("monitoring fill", predictions=count, fill_seconds=round(filled, 1),
         windows_seconds=round(time.perf_counter() - began, 1))  # fmt: skip
