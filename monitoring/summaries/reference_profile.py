"""What a reference keeps: the bins of each signal with the reference's own counts in them, and how it weighs.

A profile, as ``Reference.profile`` has it, of ``fit`` over rows in the order of time:

- ``signals``: {name: {"kind", "bins", "counts", "size", "effect", "half", "chunks"}}; counts (b,) are dense, ``effect``
  says how many places of one list stand for one independent one, ``half`` whether half of the users is counted, and
  ``chunks`` are counts of stretches of the reference;
- ``items``: {"head", "complete"}: items of ``exposure``'s bins stand in the order of training's popularity, the first
  ``head`` of them make up half of it; ``complete``: they are all that training knew;
- ``favourites``: the fewest items that hold half of the places; ``types``: the usual type of each column;
- ``users``: {"known", "new", "unknown", "known_users", "new_users", "people"}: predictions by users, and their sketches
  (weights.py).

Who holds most places by luck holds fewer in any other sample. So favourites are chosen by the lists of one half of the
users and counted in those of the other; popularity is that of training, which is no sample of these lists at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.stats.bins import GROUPS, MOST_ITEMS, Bins, Kind
from monitoring.summaries import drift, signals
from monitoring.summaries.list_effects import effect_of_lists
from monitoring.summaries.rows import ReferenceContext, Rows
from monitoring.summaries.types import JSON, Bools, Floats, Ints

STRETCHES = 5
LEAST_INDEPENDENT = 1_000
"""Independent predictions that a stretch needs: what fewer differ by is who happened to ask, which tests allow for."""
HALF = 0.5
MOST_CHUNKED = 200
"""Bins of a signal whose stretches are kept."""


@dataclass(frozen=True)
class Training:
    """What training knew of items: ``items`` with the most users first, of which the first ``head`` make up half of
    the interactions; ``complete``: there are no others."""

    items: Sequence[str] = ()
    head: int = 0
    complete: bool = True

    @classmethod
    def of(cls, items: Sequence[str], audience: Sequence[int]) -> Training:
        """Of at most 50,000 items it keeps the most popular."""
        counts = np.asarray(audience, np.float64)
        head = int(((counts.cumsum() - counts) < HALF * counts.sum()).sum())
        return cls(items[:MOST_ITEMS], min(head, MOST_ITEMS), len(items) <= MOST_ITEMS)


def fit(
    rows: Rows,
    *,
    training: Training | None = None,
    features: Mapping[str, Kind] | None = None,
    people: bool = True,
) -> JSON:
    """Of the rows (n,), in the order of time. ``features`` are columns of ``rows.features`` with their kinds.

    Without ``training``, items are ranked by the lists of one half of the users and counted in the other half's.
    ``people``: whether users are such, so that a sample of users was drawn and not one of predictions.
    """
    users = _codes(rows.user)
    parts = _stretches(users if people else np.arange(len(rows)))
    found = _of_numbers(rows, parts)
    items, favourites = _of_items(rows, users, training, parts, found)
    found |= _of_rows(rows, features or {}, parts)
    return {
        "signals": found,
        "items": items,
        "favourites": favourites,
        "types": {name: _usual_type(rows.features[name]) for name in features or {}},
        "users": _users(rows) | {"people": people},
    }


def training_of(profile: JSON) -> Training | None:
    """What training knew of items, as far as a profile keeps it."""
    if not profile["items"]:
        return None
    names = profile["signals"]["exposure"]["bins"]["values"]
    return Training(names, profile["items"]["head"], profile["items"]["complete"])


def context(key: str, profile: JSON) -> ReferenceContext:
    """As windows count by it."""
    bins = {name: Bins.from_json(one["bins"]) for name, one in profile["signals"].items()}
    ranked = bins["exposure"].values if profile["items"] else ()
    return ReferenceContext(
        key=key,
        bins=bins,
        items={item: place for place, item in enumerate(ranked)},
        head=profile["items"].get("head", 0),
        complete=profile["items"].get("complete", False),
        favourites=frozenset(profile["favourites"]),
        types={name: usual for name, usual in profile["types"].items() if usual},
    )


def _of_numbers(rows: Rows, parts: Sequence[Bools]) -> dict[str, JSON]:
    found = {}
    for name, (which, values) in signals.numbers(rows).items():
        kind = signals.NUMBERS[name]
        if np.isfinite(values).any():
            bins = Bins.fit(values, kind)
            chunks = [bins.count(values[part[which]]) for part in parts]
            found[name] = _entry(bins, bins.count(values), name, chunks)
    return found


def _of_items(
    rows: Rows, users: Ints, training: Training | None, parts: Sequence[Bools], found: dict[str, JSON]
) -> tuple[JSON, list[str]]:
    """Adds the signals of shown items; (what is known of items, favourites)."""
    row, shown = signals.first_items(rows)
    if not len(shown):
        return {}, []
    ranking = _half(rows.user)[row]
    words = np.asarray(shown.to_pylist(), object)
    favourites = _favourites(signals.counted(shown.filter(pa.array(ranking))))
    told: JSON = {}
    known = np.zeros(len(words), np.bool_)
    if training is not None and len(training.items):
        bins = _by_training(training.items, signals.counted(shown))
        told = {"head": training.head, "complete": training.complete}
        counted = np.ones(len(words), np.bool_)
        known = np.isin(words.astype(str), np.asarray(training.items, str))
    else:
        bins, counted = Bins.fit(words[ranking], "popularity"), ~ranking
    groups = dict(zip(bins.values, bins.groups, strict=True))
    codes = np.array([groups.get(word, len(bins) - 2) for word in words], np.int64)
    held = np.isin(words.astype(str), np.asarray(favourites, str)).astype(np.int64)

    def add(name: str, made: Bins, places: Ints, which: Bools) -> None:
        def count(chosen: Bools) -> Ints:
            return np.bincount(places[chosen & which], minlength=len(made)).astype(np.int64)

        chunks = [count(part[row]) for part in parts]
        entry = _entry(made, count(np.ones(len(row), np.bool_)), name, chunks)
        entry["half"] = not which.all()
        entry["effect"] = effect_of_lists(places[which], row[which], users[row[which]], ordered=name == "exposure")
        found[name] = entry

    add("exposure", bins, codes, counted)
    add("overlap", Bins("share"), held, ~ranking)
    if told.get("complete"):
        add("new_items", Bins("share"), (~known).astype(np.int64), np.ones(len(row), np.bool_))
    return told, favourites


def _of_rows(rows: Rows, features: Mapping[str, Kind], parts: Sequence[Bools]) -> dict[str, JSON]:
    which = signals.predicted(rows)
    if not which.any():
        return {}
    found = {}
    labels = np.asarray([word or None for word in rows.label.to_pylist()], object)
    if any(label is not None for label in labels[which]):
        found["prediction"] = _fitted(labels, which, "categorical", "prediction", parts)
    elif np.isfinite(rows.value[which]).any():
        found["prediction"] = _fitted(rows.value, which, "numeric", "prediction", parts)
    for column, kind in features.items():
        texts = rows.features[column]
        words = [signals.word_of(text) for text in texts.to_pylist()] if kind != "numeric" else None
        values = np.asarray(words, object) if words is not None else signals.feature_numbers(texts)
        found[signals.FEATURE + column] = _fitted(values, which, kind, "feature", parts)
    return found


def _fitted(values: Floats | np.ndarray, which: Bools, kind: Kind, of: str, parts: Sequence[Bools]) -> JSON:
    bins = Bins.fit(values[which], kind)
    return _entry(bins, bins.count(values[which]), of, [bins.count(values[which & part]) for part in parts])


def _entry(bins: Bins, counts: Ints, of: str, chunks: Sequence[Ints]) -> JSON:
    entry: JSON = {"kind": of, "bins": bins.to_json(), "counts": counts.tolist(), "size": int(counts.sum())}
    kept = chunks if len(bins) <= MOST_CHUNKED else ()
    return entry | {"effect": 1.0, "half": False, "chunks": [chunk.tolist() for chunk in kept]}


def _by_training(items: Sequence[str], shown: Mapping[str, int]) -> Bins:
    """Groups of about equal traffic along training's popularity; an item nobody was shown is in its neighbours'."""
    names = tuple(items)
    counts = np.array([shown.get(item, 0) for item in names], np.float64)
    middle = (counts.cumsum() - counts / 2) / max(counts.sum(), 1.0)
    _, groups = np.unique(np.minimum((middle * GROUPS).astype(np.int64), GROUPS - 1), return_inverse=True)
    return Bins("popularity", values=names, groups=tuple(groups.tolist()))


def _favourites(shown: Mapping[str, int]) -> list[str]:
    """The fewest items that hold half of the places; of equal ones the first by name."""
    ranked = sorted(shown.items(), key=lambda one: (-one[1], one[0]))
    before = np.cumsum([0, *(count for _, count in ranked[:-1])])
    total = sum(shown.values())
    return [item for (item, _), ahead in zip(ranked, before.tolist(), strict=True) if ahead < HALF * total]


def _half(users: pa.Array) -> Bools:
    """Which rows are of the half of the users that ranks; rows of nobody known are halved one by one."""
    found: dict[str, bool] = {}
    out = np.empty(len(users), np.bool_)
    for at, user in enumerate(users.to_pylist()):
        out[at] = found.setdefault(user, len(found) % 2 == 0) if user else at % 2 == 0
    return out


def _codes(users: pa.Array) -> Ints:
    """A number for each user (n,); rows of nobody known are of different ones."""
    codes = np.array(pc.fill_null(users.dictionary_encode().indices, 0), np.int64)
    nobody = np.asarray(pc.equal(users, ""), np.bool_)
    codes[nobody] = len(users) + np.arange(int(nobody.sum()))
    return codes


def _weights(codes: Ints) -> Floats:
    return np.unique(codes, return_counts=True)[1].astype(np.float64)


def _stretches(users: Ints) -> list[Bools]:
    """Equal parts in the order of time; none where one has too few independent users to say anything."""
    places = np.arange(len(users)) * STRETCHES // max(len(users), 1)
    parts = [places == part for part in range(STRETCHES)]
    for part in parts:
        weights = _weights(users[part])
        if not len(weights) or weights.sum() ** 2 / (weights**2).sum() < LEAST_INDEPENDENT:
            return []
    return parts


def _usual_type(texts: pa.Array) -> str:
    found = signals.types_of(texts)
    return max(sorted(found), key=lambda name: found[name]) if found else ""


def _users(rows: Rows) -> JSON:
    counts = drift.users(rows)
    known, new = signals.dense(counts[drift.NAMED], 2).tolist()
    total = int((~rows.failed).sum())
    return {
        "known": known,
        "new": new,
        "unknown": total - known - new,
        "known_users": counts[drift.KNOWN],
        "new_users": counts[drift.NEW],
    }
