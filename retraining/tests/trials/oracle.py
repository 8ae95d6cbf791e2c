"""A trial's sums by brute force: dictionaries and loops over what a test wrote into the log, and no SQL."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from monitoring.services.log_rows import LoggedPrediction


@dataclass
class Log:
    """``told``: by prediction what was said of it, in the order in which it was received."""

    predictions: list[LoggedPrediction] = field(default_factory=list)
    told: dict[Any, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


def latest(told: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """By (item, kind): the greatest ``at``, of equal ones the last that came."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in told:
        key = (one["item"], one["kind"])
        if key not in found or one["at"] >= found[key]["at"]:
            found[key] = one
    return found


def positive(one: dict[str, Any], liked_from: float) -> bool:
    if one["kind"] == "rating":
        return one["value"] is not None and one["value"] >= liked_from
    return one["kind"] in ("click", "conversion") and one["value"] != 0


def of_list(items: list[str], told: list[dict[str, Any]], liked_from: float, metric: str) -> tuple[float, float] | None:
    """(x, y) of one judged list; None where nobody said anything of it."""
    said = {key: one for key, one in latest(told).items() if one["kind"] in ("rating", "click", "conversion", "skip")}
    if not said:
        return None
    liked = {item for (item, _), one in said.items() if positive(one, liked_from)}
    top = items[:10]
    hits = [place for place, item in enumerate(top) if item in liked]
    if metric == "precision_at_10":
        return (len(hits) / len(top) if top else 0.0), 1
    if metric == "hit_rate_at_10":
        return float(bool(hits)), 1
    if metric == "cost_per_1000_lists":
        shown = len([item for item in items if item in liked])
        return 1000 * (10 * (len(items) - shown) + 50 * (len(liked) - shown)), 1
    if metric == "clicks_per_list":
        return len({item for (item, kind), one in said.items() if kind == "click" and one["value"] != 0}), 0
    if metric == "conversion_share":
        return float(any(kind == "conversion" and one["value"] != 0 for (_, kind), one in said.items())), 0
    if not liked:
        return 0.0, 0
    if metric == "recall_at_10":
        return len(hits) / len(liked), 1
    ideal = sum(1 / math.log2(place + 2) for place in range(min(10, len(liked))))
    return sum(1 / math.log2(place + 2) for place in hits) / ideal, 1


def sums(values: list[tuple[float, float]]) -> tuple[float, ...]:
    """(n, Σx, Σx², Σy, Σy², Σxy) over users who have a y."""
    told = [(x, y) for x, y in values if y > 0]
    columns = ([x for x, _ in told], [x * x for x, _ in told], [y for _, y in told], [y * y for _, y in told])
    return (len(told), *(math.fsum(one) for one in columns), math.fsum(x * y for x, y in told))


def by_user(log: Log, arms: dict[int, str], metric: str, liked_from: float, since: dt.datetime) -> dict[str, Any]:
    """``arms``: by source the arm. {arm: (users, requests, judged, sums)}, crossed users and nameless requests."""
    mine: dict[tuple[str, str], list[LoggedPrediction]] = defaultdict(list)
    for one in log.predictions:
        if one.source_id in arms and one.at >= since:
            mine[one.user, arms[one.source_id]].append(one)
    nameless = sum(len(rows) for (user, _), rows in mine.items() if user == "")
    seen: dict[str, set[str]] = defaultdict(set)
    for user, arm in mine:
        seen[user].add(arm)
    found: dict[str, Any] = {"nameless": nameless, "crossed": sum(len(one) > 1 for user, one in seen.items() if user)}
    for arm in set(arms.values()):
        people = {user: rows for (user, its), rows in mine.items() if its == arm and user and len(seen[user]) == 1}
        judged, values, errors = 0, [], []
        for rows in people.values():
            x = y = 0.0
            for one in rows:
                given = None if one.items is None else of_list(one.items, log.told[one.id], liked_from, metric)
                if given is not None:
                    judged, x, y = judged + 1, x + given[0], y + given[1]
            shown = sum(one.items is not None and not one.error for one in rows)
            if metric == "clicks_per_list":
                y = shown
            if metric == "conversion_share":
                x, y = min(x, 1), min(shown, 1)
            values.append((x, y))
            errors.append((float(sum(bool(one.error) for one in rows)), float(len(rows))))
        requests = sum(len(rows) for rows in people.values())
        found[arm] = (len(people), requests, judged, sums(values), sums(errors))
    return found
