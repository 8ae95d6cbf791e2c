"""The statement that sums a trial's log up by user and arm; ``trial_rows`` asks it and says what its figures are.

Lists are counted as monitoring/summaries/judged.py counts them, labels and numbers as classes.py and numbers.py do, and
of several pieces of feedback of one prediction, item and kind the latest by (at, received_at) counts, as
monitoring/services/window_rows.py has it. What is positive on NaN is what NumPy says there: no rating, every click.
"""

from __future__ import annotations

from collections.abc import Sequence

_ON_LISTS = "f.kind IN ('rating', 'click', 'conversion', 'skip') AND p.items IS NOT NULL"
_LISTS: dict[str, tuple[str, str]] = {
    "ndcg_at_10": ("gain / ideal", "(known > 0)::int"),
    "precision_at_10": ("hits / nullif(least(length, 10), 0)::float8", "1"),
    "recall_at_10": ("hits / nullif(known, 0)::float8", "(known > 0)::int"),
    "hit_rate_at_10": ("(hits > 0)::int", "1"),
    "cost_per_1000_lists": ("1000 * (%(price_fp)s * greatest(length - tp, 0) + %(price_fn)s * fn)", "1"),
    "clicks_per_list": ("clicks", "0"),
    "conversion_share": ("(conversions > 0)::int", "0"),
    "credit": ("0", "0"),
}
"""Of a judged list (what it adds to its user's x, to his y)."""
_ANSWERS: dict[str, tuple[str, str]] = {
    "right_share": ("f.kind = 'label' AND p.items IS NULL", "(p.label = f.label)::int"),
    "absolute_error": (
        "f.kind = 'value' AND abs(f.value) < 'Infinity' AND abs(p.value) < 'Infinity'",
        "abs(greatest(least(p.value, %(most)s), -%(most)s) - greatest(least(f.value, %(most)s), -%(most)s))",
    ),
}
"""Of tables: (which feedback tells, what it adds to x); each adds 1 to y."""
_OF_USERS = {
    "clicks_per_list": ("coalesce(o.x, 0)", "p.lists"),
    "conversion_share": ("least(coalesce(o.x, 0), 1)", "least(p.lists, 1)"),
}
"""Where a user's (x, y) are not the sums over his judged answers."""


def statement(metric: str, stretches: int) -> str:
    """For a metric of METRICS or credit; a row for each arm that has any request."""
    x, y = _OF_USERS.get(metric, ("coalesce(o.x, 0)", "coalesce(o.y, 0)"))
    judged = _of_answers(*_ANSWERS[metric]) if metric in _ANSWERS else _of_lists(*_LISTS[metric])
    seen = "".join(
        f", count(*) FILTER (WHERE kept AND {_STRETCH if stretches > 1 else '0'} = {place})::int AS seen_{place}"
        for place in range(stretches)
    )
    return _WHOLE.format(
        judged=judged,
        x=x,
        y=y,
        seen=seen,
        metric=_sums("m", "x", "y"),
        errors=_sums("e", "failed", "requests"),
        slow=_sums("s", "slow", "timed"),
        first=_sums("c1", "c1", "lists"),
        second=_sums("c2", "c2", "lists"),
    )


def _sums(name: str, x: str, y: str) -> str:
    """Over users of whom there is anything to divide by."""
    parts = {"x": x, "xx": f"{x}::float8 * {x}", "y": y, "yy": f"{y}::float8 * {y}", "xy": f"{x}::float8 * {y}"}
    where = f"FILTER (WHERE kept AND {y} > 0)"
    columns = [f"count(*) {where} AS {name}_n"]
    columns += [f"coalesce(sum({value}) {where}, 0)::float8 AS {name}_{part}" for part, value in parts.items()]
    return ", ".join(columns)


def _of_lists(x: str, y: str) -> str:
    return _JUDGED_LISTS.format(joined=_JOINED, latest=_LATEST, on_lists=_ON_LISTS, x=x, y=y)


def _of_answers(which: str, x: str) -> str:
    return _JUDGED_ANSWERS.format(joined=_JOINED, latest=_LATEST, which=which, x=x)


_STRETCH = "width_bucket(first_at, %(borders)s::timestamptz[])"
_LATEST = "ORDER BY f.prediction_id, f.item, f.kind, f.at DESC, f.received_at DESC, f.id DESC"
_JOINED = """FROM arms a
    JOIN monitoring_prediction p ON p.source_id = a.source_id AND p.at >= a.since AND p.at < a.until
    JOIN monitoring_feedback f ON f.day = p.day AND f.prediction_id = p.id
    WHERE p.day = ANY(%(days)s::date[]) AND f.day = ANY(%(days)s::date[])"""
_JUDGED_LISTS = """
spoken AS (
    SELECT DISTINCT ON (f.prediction_id, f.item, f.kind)
           a.arm, p."user", f.prediction_id, f.item, f.kind, f.value, cardinality(p.items) AS length,
           coalesce(array_position(p.items, f.item), 0) AS place,
           CASE WHEN p.features->'interleaved'->>'with' = %(control)s
                THEN p.features->'interleaved'->>'teams' END AS teams
    {joined} AND {on_lists}
    {latest}
), items AS (
    SELECT arm, "user", prediction_id, length, teams, place,
           bool_or(CASE kind WHEN 'rating' THEN value >= %(liked_from)s AND value < 'Infinity'
                             WHEN 'skip' THEN false ELSE value IS DISTINCT FROM 0 END) AS positive,
           bool_or(kind = 'click' AND value IS DISTINCT FROM 0) AS clicked,
           bool_or(kind = 'conversion' AND value IS DISTINCT FROM 0) AS converted
    FROM spoken GROUP BY arm, "user", prediction_id, item, length, teams, place
), lists AS (
    SELECT arm, "user", length,
           count(*) FILTER (WHERE positive AND place BETWEEN 1 AND 10) AS hits,
           count(*) FILTER (WHERE positive) AS known,
           coalesce(sum(ln(2) / ln(place + 1)) FILTER (WHERE positive AND place BETWEEN 1 AND 10), 0)::float8 AS gain,
           (%(ideals)s::float8[])[least(count(*) FILTER (WHERE positive), 10)] AS ideal,
           count(*) FILTER (WHERE positive AND place > 0) AS tp,
           count(*) FILTER (WHERE positive AND place = 0) AS fn,
           count(*) FILTER (WHERE clicked) AS clicks,
           count(*) FILTER (WHERE converted) AS conversions,
           count(*) FILTER (WHERE positive AND place > 0 AND substr(teams, place::int, 1) = '1') AS c1,
           count(*) FILTER (WHERE positive AND place > 0 AND substr(teams, place::int, 1) = '2') AS c2
    FROM items GROUP BY arm, "user", prediction_id, length
), outcomes AS (
    SELECT arm, "user", count(*) AS judged, sum({x})::float8 AS x, sum({y})::float8 AS y, sum(c1) AS c1, sum(c2) AS c2
    FROM lists GROUP BY arm, "user"
)"""
_JUDGED_ANSWERS = """
spoken AS (
    SELECT DISTINCT ON (f.prediction_id, f.item, f.kind) a.arm, p."user", {x} AS x
    {joined} AND {which}
    {latest}
), outcomes AS (
    SELECT arm, "user", count(*) AS judged, least(sum(x), %(most)s)::float8 AS x, count(*)::float8 AS y,
           0 AS c1, 0 AS c2
    FROM spoken GROUP BY arm, "user"
)"""
_WHOLE = """
WITH arms AS (
    SELECT * FROM unnest(%(arms)s::int[], %(sources)s::bigint[], %(since)s::timestamptz[], %(until)s::timestamptz[],
                         %(stopped)s::bool[]) AS a(arm, source_id, since, until, stopped)
), people AS (
    SELECT a.arm, p."user", a.stopped, a.until, min(p.at) AS first_at, count(*) AS requests,
           count(*) FILTER (WHERE p.error <> '') AS failed,
           count(*) FILTER (WHERE p.latency_ms >= 0 AND p.latency_ms < 'Infinity') AS timed,
           count(*) FILTER (WHERE p.latency_ms > %(slow_ms)s AND p.latency_ms < 'Infinity') AS slow,
           count(*) FILTER (WHERE p.items IS NOT NULL AND p.error = '') AS lists
    FROM arms a JOIN monitoring_prediction p ON p.source_id = a.source_id AND p.at >= a.since AND p.at < a.until
    WHERE p.day = ANY(%(days)s::date[])
    GROUP BY a.arm, p."user", a.stopped, a.until
), {judged}, placed AS (
    SELECT p.*, coalesce(o.judged, 0) AS judged, {x}::float8 AS x, {y}::float8 AS y,
           coalesce(o.c1, 0) AS c1, coalesce(o.c2, 0) AS c2,
           row_number() OVER (PARTITION BY p."user" ORDER BY p.first_at, p.arm) AS number,
           min(p.first_at) OVER (PARTITION BY p."user" ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                                 EXCLUDE CURRENT ROW) AS elsewhere
    FROM people p LEFT JOIN outcomes o ON o.arm = p.arm AND o."user" = p."user"
), told AS (
    SELECT *, "user" <> '' AND (elsewhere IS NULL OR (stopped AND elsewhere >= until)) AS kept FROM placed
), whole AS (
    SELECT *, bool_or(kept) OVER (PARTITION BY "user") AS somewhere FROM told
)
SELECT arm,
       count(*) FILTER (WHERE kept) AS users,
       coalesce(sum(requests) FILTER (WHERE kept), 0) AS predictions,
       coalesce(sum(judged) FILTER (WHERE kept), 0) AS judged,
       coalesce(sum(requests) FILTER (WHERE "user" = ''), 0)::bigint AS nameless,
       count(*) FILTER (WHERE "user" <> '' AND number = 1 AND elsewhere IS NOT NULL AND NOT somewhere) AS crossed,
       count(*) FILTER (WHERE "user" <> '' AND number = 1 AND elsewhere IS NOT NULL AND somewhere) AS returned,
       count(*) FILTER (WHERE kept AND c1 + c2 > 0) AS d_n,
       coalesce(sum((c2 - c1)::float8 / (c1 + c2)) FILTER (WHERE kept AND c1 + c2 > 0), 0)::float8 AS d,
       coalesce(sum(((c2 - c1)::float8 / (c1 + c2)) ^ 2) FILTER (WHERE kept AND c1 + c2 > 0), 0)::float8 AS dd,
       count(*) FILTER (WHERE kept AND c2 > c1) AS wins,
       count(*) FILTER (WHERE kept AND c1 > c2) AS losses,
       {metric}, {errors}, {slow}, {first}, {second}{seen}
FROM whole GROUP BY arm"""


def metrics() -> Sequence[str]:
    """All that the statement knows."""
    return (*_LISTS, *_ANSWERS)
