"""A trial's log in figures: every user's answers and what became of them, summed up by arm in the database.

One statement reads the log of the arms' sources on the days of the trial, joins the feedback that counts, sums it up by
user, and the users by arm, so what comes back is as small for a million users as for ten. What a list, a hit and a
positive are is said by monitoring (summaries/judged.py, services/window_rows.py); tests hold both against each other.
The partitions of other days are not touched.

A user counts in the arm that answered him and in no other: who was answered by two is left out of both and counted as
*crossed*. Only who comes back after his variant was stopped is answered by the champion then as it must be; he stays in
the variant with what he did before, and what he does later is left out (*returned*). Requests that name no user are
counted and left out (*nameless*): nobody knows whether they are one user or many.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from monitoring.models import PredictionArchive
from monitoring.services import partitions
from monitoring.services.log_days import utc_day
from monitoring.summaries.judged import K
from retraining.services.trial_sql import statement
from retraining.trial.interleaving import Preferences
from retraining.trial.sums import Sums

NOTHING = Sums(0, 0.0, 0.0, 0.0, 0.0, 0.0)
NO_PREFERENCE = Preferences()
STATEMENT_TIMEOUT = "120s"
LARGEST = 1e150
"""Larger sums of a user count as this: their squares would be no numbers any more."""
_IDEALS = [sum(1 / math.log2(place + 2) for place in range(known)) for known in range(1, K + 1)]


@dataclass(frozen=True)
class ArmRows:
    """Where an arm's answers stand: rows of ``sources`` from ``since`` until before ``until``.

    ``stopped``: it answers no more while others go on, so its users come back to the champion.
    """

    number: str
    sources: tuple[int, ...]
    since: dt.datetime
    until: dt.datetime
    stopped: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked of the log. ``metric`` is a name of METRICS, or credit.

    ``borders``: moments at which shares of users changed; new users are counted between them. ``control``: number of
    the version that interleaved lists are shared with.
    """

    metric: str
    liked_from: float
    slow_ms: float
    prices: tuple[float, float] = (10.0, 50.0)
    borders: tuple[dt.datetime, ...] = ()
    control: str = ""


@dataclass(frozen=True)
class ArmFound:
    """Sums over the users of an arm. ``first_seen``: users by the stretch between borders in which they first came."""

    users: int = 0
    predictions: int = 0
    judged: int = 0
    metric: Sums = NOTHING
    errors: Sums = NOTHING
    slow: Sums = NOTHING
    first_seen: tuple[int, ...] = ()
    preferences: Preferences = NO_PREFERENCE
    credits: tuple[Sums, Sums] = (NOTHING, NOTHING)
    """Of interleaved lists: what the control's and what the version's items got, a list."""


@dataclass(frozen=True)
class Found:
    """``arms`` by number, all that were asked for. ``missing``: days of the trial that have left the database."""

    arms: dict[str, ArmFound]
    nameless: int
    crossed: int
    returned: int
    missing: tuple[dt.date, ...]


def read(workspace_id: uuid.UUID, arms: Sequence[ArmRows], asked: Question) -> Found:
    """One statement over the log. Raises OperationalError where it takes longer than STATEMENT_TIMEOUT."""
    wanted = _days(arms)
    days = sorted(wanted & set(partitions.existing()))
    gone = PredictionArchive.objects.filter(
        workspace=workspace_id, day__in=wanted - set(days), dropped_at__isnull=False
    )
    missing = tuple(gone.order_by("day").values_list("day", flat=True))
    rows = {arms[row["arm"]].number: row for row in _fetched(arms, asked, days)} if days else {}
    empty = tuple(0 for _ in range(len(asked.borders) + 1))
    found = {one.number: ArmFound(first_seen=empty) for one in arms}
    found |= {number: _arm(row, len(empty)) for number, row in rows.items()}
    nameless, crossed, returned = (
        sum(row[name] for row in rows.values()) for name in ("nameless", "crossed", "returned")
    )
    return Found(found, nameless, crossed, returned, missing)


def _days(arms: Sequence[ArmRows]) -> set[dt.date]:
    found: set[dt.date] = set()
    for one in arms:
        if one.since < one.until:
            first, last = utc_day(one.since), utc_day(one.until)
            found |= {first + dt.timedelta(days=place) for place in range((last - first).days + 1)}
    return found


def _fetched(arms: Sequence[ArmRows], asked: Question, days: Sequence[dt.date]) -> list[dict[str, Any]]:
    pairs = [(place, source, one) for place, one in enumerate(arms) for source in one.sources]
    values: dict[str, Any] = {
        "days": list(days),
        "arms": [place for place, _, _ in pairs],
        "sources": [source for _, source, _ in pairs],
        "since": [one.since for _, _, one in pairs],
        "until": [one.until for _, _, one in pairs],
        "stopped": [one.stopped for _, _, one in pairs],
        "borders": list(asked.borders),
        "liked_from": asked.liked_from,
        "slow_ms": asked.slow_ms,
        "price_fp": asked.prices[0],
        "price_fn": asked.prices[1],
        "control": asked.control,
        "ideals": _IDEALS,
        "most": LARGEST,
    }
    sql = statement(asked.metric, len(asked.borders) + 1)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute(sql, values)
        names = [one.name for one in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    return rows


def _arm(row: dict[str, Any], stretches: int) -> ArmFound:
    return ArmFound(
        users=row["users"],
        predictions=int(row["predictions"]),
        judged=int(row["judged"]),
        metric=_sums(row, "m"),
        errors=_sums(row, "e"),
        slow=_sums(row, "s"),
        first_seen=tuple(row[f"seen_{place}"] for place in range(stretches)),
        preferences=Preferences(row["d_n"], row["d"], row["dd"], row["wins"], row["losses"]),
        credits=(_sums(row, "c1"), _sums(row, "c2")),
    )


def _sums(row: dict[str, Any], name: str) -> Sums:
    return Sums(row[f"{name}_n"], *(row[f"{name}_{part}"] for part in ("x", "xx", "y", "yy", "xy")))
