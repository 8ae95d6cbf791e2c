"""What windows count for drift: the same as counting each row by hand, and merged parts are the whole."""

from __future__ import annotations

import json
import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.summaries import drift, popularity, signals
from monitoring.summaries.rows import Rows
from monitoring.tests.drift.lists import TRAINING, asked, counted, made, shop

NUMBERS = st.none() | st.floats(-1e6, 1e6) | st.just(math.nan) | st.integers(-5, 5)
WORDS = st.sampled_from(["a", "b", "never seen", 'with "quotes" and \\', "", None, 7, True])
LISTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "u1", "u2", "u399", "somebody else"]),
        "history": st.none() | st.integers(0, 300),
        "fallback": st.booleans(),
        "items": st.lists(st.sampled_from(["i0", "i1", "i5", "i150", "unheard of"]), unique=True),
        "scores": st.just([]) | st.lists(st.floats(-10, 10), min_size=1, max_size=2),
        "confidence": st.none() | st.floats(0, 1),
        "error": st.sampled_from(["", "", "", "broken"]),
        "feedback": st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["click", "skip"]),
                    "item": st.sampled_from(["i0", "i5", "unheard of", "i9"]),
                    "value": st.just(1.0),
                }
            ),
            max_size=3,
            unique_by=lambda one: one["item"],
        ),
    }
)
ROWS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "shop 1"]),
        "value": NUMBERS,
        "features": st.none() | st.fixed_dictionaries({}, optional={"size": NUMBERS | st.just("text"), "kind": WORDS}),
    }
)
PROFILE, CONTEXT = made(asked(shop(), 2_000, 1))
TABLE = [{"value": n % 10 / 10, "features": {"size": n % 50, "kind": "ab"[n % 2]}} for n in range(1_000)]
TABLE_PROFILE, TABLE_CONTEXT = made(TABLE, training=None, features={"size": "numeric", "kind": "categorical"})


@settings(max_examples=40, deadline=None)
@given(st.lists(LISTS, max_size=12), st.integers(0, 12))
def test_merged_parts_are_the_whole(rows, cut):
    parts = [Rows.of(part, reference=CONTEXT) for part in (rows[:cut], rows[cut:])]
    whole = Rows.of(rows, reference=CONTEXT)
    for measure in (drift, popularity):
        merged = measure.merge(measure.of(parts[0]), measure.of(parts[1]))
        assert plain(merged) == plain(measure.of(whole))
        assert json.loads(json.dumps(merged)) == merged


@settings(max_examples=40, deadline=None)
@given(st.lists(LISTS, max_size=12))
def test_lists_are_counted_as_by_hand(rows):
    counts = counted(rows, CONTEXT)
    answered = [row for row in rows if not row["error"]]
    assert counts.get("_rows", {}).get("0", 0) == len(answered)
    shown = Counter(item for row in answered for item in row["items"][:10])
    exposure = dict(zip(CONTEXT.bins["exposure"].values, CONTEXT.bins["exposure"].groups, strict=True))
    unseen = len(CONTEXT.bins["exposure"]) - 2
    by_hand = Counter()
    for item, number in shown.items():
        by_hand[str(exposure.get(item, unseen))] += number
    assert counts.get("exposure", {}) == dict(by_hand)
    assert counts.get("new_items", {}) == share(shown, lambda item: item not in TRAINING.items)
    assert counts.get("overlap", {}) == share(shown, lambda item: item in PROFILE["favourites"])
    strangers = Counter(stranger(row) for row in answered)
    assert counts.get("new_users", {}) == {str(place): n for place, n in strangers.items()}
    own = [row["scores"][0] for row in answered if not row["fallback"] and row["items"] and row["scores"]]
    bins = CONTEXT.bins["scores"]
    assert bins.compared(signals.dense(counts.get("scores"), len(bins))).sum() == len(own)


def share(shown, said) -> dict[str, int]:
    """{"0": no, "1": yes} without zeros."""
    yes = sum(number for item, number in shown.items() if said(item))
    return {place: number for place, number in (("0", shown.total() - yes), ("1", yes)) if number}


def stranger(row) -> int:
    """No, yes, or nobody said."""
    if row["history"] is None:
        return 1 if row["fallback"] else 2
    return int(row["history"] < 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, max_size=15))
def test_columns_are_counted_as_by_hand(rows):
    counts = counted(rows, TABLE_CONTEXT)
    sizes = [(row["features"] or {}).get("size") for row in rows]
    known = [float(one) for one in sizes if isinstance(one, int | float) and not math.isnan(one)]
    bins = TABLE_CONTEXT.bins["feature.size"]
    found = signals.dense(counts.get("feature.size"), len(bins))
    assert found.tolist() == (bins.count(known) + bins.absent(len(rows) - len(known))).tolist()
    assert counts.get("_types.size", {}).get("1", 0) == sum(isinstance(one, str) for one in sizes)
    kinds = [(row["features"] or {}).get("kind") for row in rows]
    expected = Counter("3" if kind in (None, "") else {"a": "0", "b": "1"}.get(kind, "2") for kind in kinds)
    assert counts.get("feature.kind", {}) == dict(expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(LISTS, max_size=10))
def test_popularity_groups_are_counted_as_by_hand(rows):
    expected: Counter[tuple[str, str]] = Counter()
    for row in rows:
        positive = {one["item"] for one in row["feedback"] if one["kind"] == "click"}
        about = {one["item"] for one in row["feedback"]}
        for place, item in enumerate(row["items"]):
            expected[group(item), "shown"] += 1
            expected[group(item), "places"] += bool(about) and place < 10
            expected[group(item), "judged"] += item in about
            expected[group(item), "positive"] += item in positive
            expected[group(item), "hits"] += item in positive and place < 10
        for item in positive:
            expected[group(item), "wanted"] += 1
    found = popularity.of(Rows.of(rows, reference=CONTEXT))
    assert {(name, key): n for name, one in found.items() for key, n in one.items() if n} == {
        key: n for key, n in expected.items() if n
    }


def group(item: str) -> str:
    place = TRAINING.items.index(item) if item in TRAINING.items else None
    return "new" if place is None else "head" if place < TRAINING.head else "tail"


def test_without_a_reference_nothing_is_counted():
    rows = Rows.of(asked(shop(), 5, 1))
    assert drift.of(rows) == {}
    assert popularity.of(rows) == {}


def plain(found):
    """Without zeros: a sketch in which two users cancel out has none, or a 0."""
    if isinstance(found, dict):
        return {name: value for name, one in found.items() if (value := plain(one)) or name in ("ref",)}
    return found


@pytest.mark.parametrize(
    ("text", "word"), [('"a"', "a"), ("7", "7"), ('""', None), ("null", None), ('"\\u00e9\\""', 'é"'), ("true", "true")]
)
def test_a_category_is_its_own_text(text, word):
    assert signals.word_of(text) == word
