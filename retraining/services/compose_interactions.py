"""Old interactions and feedback since as one dataset, divided by time so that nothing of training is later than the
holdout's start.

The rules, in order (docs/retraining.md tells people the same):

1. Feedback becomes interactions by its kind. Of ratings: a rating inside the scale; a click or conversion counts as
   the lowest liked rating where the plan says so, else it is counted and left out. Of events: a click or conversion
   whose value is not 0, and a liked rating, is an event of strength 1; everything else says no, of which events have no
   row.
2. Of one user and item the latest counts; of events the greater strength stays. Feedback no newer than what the old
   data has of the pair says nothing new.
3. The newest ``holdout_share`` of the new rows, by time and never tearing one second apart, begins the holdout. Its
   rows are pairs that the old data does not have, so that no model has learnt them. Newer feedback on old pairs is left
   for the next retraining, and old rows from the holdout's start on are left out.
4. Of the rows before it, the plan's window or half-life leaves some out.

Everything is decided by the content: the order of rows and ids changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.frames import tidy
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.splits import latest
from experiments.learning.metrics.settings import STANDARD_RELEVANT_FROM, relevance_threshold
from retraining.plan import DataPlan
from retraining.services.feedback_rows import ListFeedback

DAY = 86_400
Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
Features = tuple[pd.DataFrame | None, pd.DataFrame | None, NDArray[np.str_], NDArray[np.str_]]
_MIX = np.uint64(0x9E3779B97F4A7C15)


class TooLittle(Exception):
    """There is not enough new data to train on or to judge by; the message says how much there is."""


@dataclass(frozen=True)
class Composed:
    """``data`` is Interactions whose part 1 is the holdout, or a table. ``counts`` are JSON-able; ``next_since`` is the
    time of receipt (Unix seconds) from which the next retraining reads, None: from its cut. ``split``: to train with.
    """

    data: Any
    counts: dict[str, Any]
    next_since: float | None
    split: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _New:
    """New interactions, one a pair; codes are into the joint ids."""

    user: Ints
    item: Ints
    value: NDArray[np.float32]
    time: Ints
    received: NDArray[np.float64]


def compose(
    parent: Interactions, feedback: ListFeedback, plan: DataPlan, *, cut: float, liked: float | None
) -> Composed:
    """One dataset of both.

    Args:
        cut: Unix seconds; what the window and the half-life count back from.
        liked: the rating from which a recipe calls an item relevant; None takes the usual place on the scale.

    Raises TooLittle.
    """
    threshold = STANDARD_RELEVANT_FROM if parent.scale is None else relevance_threshold(liked, parent.scale)
    chosen, value, counts = _by_kind(parent, feedback, plan, threshold)
    users = np.union1d(parent.user_ids, pd.unique(feedback.user[chosen]).astype(np.str_))
    items = np.union1d(parent.item_ids, pd.unique(feedback.item[chosen]).astype(np.str_))
    new = _latest_of_each(_coded(feedback, chosen, value, users, items), len(items))
    old_user = np.searchsorted(users, parent.user_ids)[parent.user]
    old_item = np.searchsorted(items, parent.item_ids)[parent.item]
    old_pair = old_user * len(items) + old_item
    old_time = _times(parent, new)
    place = _place(old_pair, new.user * len(items) + new.item)
    known = place >= 0
    news = ~known | (new.time > np.where(known, old_time[place], 0))
    counts |= {"feedback": len(feedback), "pairs": len(new.user), "new": int(news.sum()), "old": len(parent)}
    if counts["new"] < plan.minimum_new:
        raise TooLittle(_too_little(counts, plan))
    start = _start(new.time[news], plan.holdout_share)
    early, late = news & (new.time < start), news & (new.time >= start)
    held = late & ~known
    if not held.any():
        raise TooLittle(
            f"Each of the {counts['new']:,} new interactions repeats an old pair of user and item: none to judge by."
        )
    kept_old = _kept_old(old_time < start, place[early & known], len(parent))
    joint = _Joint(
        np.concatenate([old_user[kept_old], new.user[early], new.user[held]]),
        np.concatenate([old_item[kept_old], new.item[early], new.item[held]]),
        np.concatenate([parent.value[kept_old], _strength(parent, new, place, early), new.value[held]]).astype(
            np.float32
        ),
        np.concatenate([old_time[kept_old], new.time[early], new.time[held]]),
        np.concatenate([np.zeros(int(kept_old.sum() + early.sum()), np.int8), np.ones(int(held.sum()), np.int8)]),
    )
    recent = (joint.part == 1) | _recent(joint, users, items, plan, cut)
    if not (recent & (joint.part == 0)).any():
        raise TooLittle("No row is young enough to be learnt from; a longer window or half-life keeps more.")
    counts |= {
        "learnt_new": int(early.sum()),
        "holdout": int(held.sum()),
        "holdout_users": len(np.unique(new.user[held])),
        "holdout_from": int(start),
        "left_for_next": int((late & known).sum()),
        "old_after_holdout": int((old_time >= start).sum()),
        "too_old": int((~recent).sum()),
        "train": int((recent & (joint.part == 0)).sum()),
    }
    waiting = new.received[late & known]
    made = _assembled(parent, joint, recent, users, items)
    return Composed(made, counts, float(waiting.min()) if len(waiting) else None)


def with_features(made: Interactions, sources: list[Features]) -> Interactions:
    """The features of its users and items: of the first source that has a row for an id. Others are empty."""
    return Interactions(
        **made.__dict__
        | {
            "users": _features(made.user_ids, [(frame, ids) for frame, _, ids, _ in sources]),
            "items": _features(made.item_ids, [(frame, ids) for _, frame, _, ids in sources]),
        }
    )


def features_of(data: Interactions) -> Features:
    return data.users, data.items, data.user_ids, data.item_ids


@dataclass(frozen=True)
class _Joint:
    user: Ints
    item: Ints
    value: NDArray[np.float32]
    time: Ints
    part: NDArray[np.int8]


def _by_kind(
    parent: Interactions, given: ListFeedback, plan: DataPlan, liked: float
) -> tuple[Mask, NDArray[np.float64], dict[str, Any]]:
    """(rows that are interactions, their values, what became of the others)."""
    rating, skip = given.kind == "rating", given.kind == "skip"
    # As in windows: a click without a value is one, a click of 0 takes it back.
    positive = np.where(rating, given.value >= liked, ~skip & (given.value != 0))
    if parent.feedback == "implicit" or parent.scale is None:
        counts = {"positive": int(positive.sum()), "negative": int((~positive).sum())}
        return positive, np.ones(len(given)), counts
    low, high = parent.scale
    fits = rating & (given.value >= low) & (given.value <= high)
    events = positive & ~rating
    counts = {
        "ratings": int(fits.sum()),
        "out_of_scale": int((rating & ~fits).sum()),
        "events": int(events.sum()),
        "negative": int((~rating & ~positive).sum()),
    }
    return fits | (events & plan.events_as_ratings), np.where(rating, given.value, liked), counts


def _coded(
    given: ListFeedback, chosen: Mask, value: NDArray[np.float64], users: NDArray[np.str_], items: NDArray[np.str_]
) -> _New:
    return _New(
        _codes(users, given.user[chosen]),
        _codes(items, given.item[chosen]),
        value[chosen].astype(np.float32),
        np.floor(given.at[chosen]).astype(np.int64),
        given.received[chosen],
    )


def _codes(ids: NDArray[np.str_], given: NDArray[np.object_]) -> Ints:
    """Places in ``ids``; each id is looked up once, as numpy's texts take room for the longest one."""
    codes, known = pd.factorize(given)
    found: Ints = np.searchsorted(ids, known.astype(np.str_)).astype(np.int64)[codes]
    return found


def _latest_of_each(rows: _New, num_items: int) -> _New:
    """Rows come oldest first, so the last of each pair is its latest."""
    pair = rows.user * num_items + rows.item
    _, last = np.unique(pair[::-1], return_index=True)
    keep = np.sort(len(pair) - 1 - last)
    return _New(*(getattr(rows, name)[keep] for name in ("user", "item", "value", "time", "received")))


def _times(parent: Interactions, new: _New) -> Ints:
    """Of the old rows; where they have none, all are just before the first new one."""
    if parent.timestamp is not None:
        return parent.timestamp
    return np.full(len(parent), int(new.time.min()) - 1 if len(new.time) else 0, np.int64)


def _place(old: Ints, wanted: Ints) -> Ints:
    """Where each wanted pair stands in ``old``; -1 where it does not."""
    order = np.argsort(old, kind="stable")
    at = np.minimum(np.searchsorted(old[order], wanted), max(len(old) - 1, 0))
    found = order[at]
    return np.where(old[found] == wanted, found, -1)


def _start(times: Ints, share: float) -> int:
    try:
        _, late = latest(np.arange(len(times)), times, share)
    except DatasetError as error:
        raise TooLittle("All new interactions are of one second, so none is later than the others.") from error
    return int(times[late].min())


def _kept_old(before: Mask, replaced: Ints, count: int) -> Mask:
    stays = np.ones(count, bool)
    stays[replaced] = False
    return before & stays


def _strength(parent: Interactions, new: _New, place: Ints, early: Mask) -> NDArray[np.float32]:
    """Of ratings the new one; of events the greater of the new and the old one."""
    value = new.value[early]
    if parent.feedback == "explicit":
        return value
    known = place[early] >= 0
    old = np.where(known, parent.value[place[early]], np.float32(0))
    return np.maximum(value, old)


def _recent(joint: _Joint, users: NDArray[np.str_], items: NDArray[np.str_], plan: DataPlan, cut: float) -> Mask:
    age = np.maximum(cut - joint.time, 0.0) / DAY
    if plan.use == "days":
        return np.asarray(age <= plan.days)
    if plan.use == "half_life":
        return np.asarray(_chance(joint, users, items) < 0.5 ** (age / plan.half_life_days))
    return np.ones(len(joint.time), bool)


def _chance(joint: _Joint, users: NDArray[np.str_], items: NDArray[np.str_]) -> NDArray[np.float64]:
    """A number in [0, 1) that a pair keeps for ever: what a half-life left out never comes back (splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = _hashed(users)[joint.user] * _MIX + _hashed(items)[joint.item]
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53)


def _hashed(ids: NDArray[np.str_]) -> NDArray[np.uint64]:
    return np.asarray(pd.util.hash_array(ids.astype(object), categorize=False), np.uint64)


def _assembled(
    parent: Interactions, joint: _Joint, kept: Mask, users: NDArray[np.str_], items: NDArray[np.str_]
) -> Interactions:
    """In canonical order, with the ids that occur."""
    order = np.lexsort((joint.item, joint.user))
    order = order[kept[order]]
    user_codes, user = np.unique(joint.user[order], return_inverse=True)
    item_codes, item = np.unique(joint.item[order], return_inverse=True)
    if len(user_codes) < 2 or len(item_codes) < 2:
        raise TooLittle(f"Only {len(user_codes)} users and {len(item_codes)} items are left; two of each are needed.")
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=joint.value[order],
        timestamp=joint.time[order],
        part=joint.part[order],
        user_ids=users[user_codes],
        item_ids=items[item_codes],
        feedback=parent.feedback,
        scale=parent.scale,
    )


def _features(
    ids: NDArray[np.str_], sources: list[tuple[pd.DataFrame | None, NDArray[np.str_]]]
) -> pd.DataFrame | None:
    frames = [frame.set_axis(pd.Index(own.astype(object)), axis=0) for frame, own in sources if frame is not None]
    if not frames:
        return None
    first, *others = frames
    found = first
    for other in others:
        missing = other.loc[~other.index.isin(found.index), [name for name in first.columns if name in other.columns]]
        found = pd.concat([found, missing])
    return tidy(found.reindex(pd.Index(ids.astype(object))))


def _too_little(counts: dict[str, Any], plan: DataPlan) -> str:
    found = f"{counts['new']:,} new interactions since the last data; {plan.minimum_new:,} are needed."
    if counts.get("events") and not plan.events_as_ratings:
        found += f" {counts['events']:,} clicks and conversions are not counted, as the data is ratings."
    return found
