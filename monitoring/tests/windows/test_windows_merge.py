"""Summaries of parts merge into that of the whole: exactly for counts, within the stated bounds for sketches."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.summaries import confidence, distinct, judged, latency, top
from monitoring.summaries.measures import merge, summarise
from monitoring.summaries.rows import Rows

ITEMS = [f"i{n}" for n in range(12)]
FEEDBACK = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["rating", "click", "conversion", "skip"]),
        "item": st.sampled_from(ITEMS),
        "value": st.none() | st.integers(0, 5).map(float),
    }
)
LISTS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "a", "b", "c"]),
        "history": st.none() | st.integers(0, 40),
        "fallback": st.booleans(),
        "items": st.none() | st.lists(st.sampled_from(ITEMS), unique=True),
        "confidence": st.none() | st.floats(0, 1),
        "latency_ms": st.none() | st.floats(0, 1e6),
        "error": st.sampled_from(["", "", "", "no scorer"]),
        "feedback": st.lists(FEEDBACK, max_size=4, unique_by=lambda one: (one["item"], one["kind"])),
    }
)
ANSWERS = st.fixed_dictionaries(
    {
        "user": st.sampled_from(["", "a"]),
        "label": st.sampled_from(["yes", "no", ""]),
        "value": st.none() | st.floats(-1e3, 1e3),
        "confidence": st.none() | st.floats(0, 1),
        "feedback": st.lists(
            st.fixed_dictionaries({"kind": st.just("label"), "label": st.sampled_from(["yes", "no"])})
            | st.fixed_dictionaries({"kind": st.just("value"), "value": st.floats(-1e3, 1e3)}),
            max_size=2,
            unique_by=lambda one: one["kind"],
        ),
    }
)


def rounded(summary):
    """Without sketches, and sums to nine digits: adding up in another order changes the last ones."""
    plain = {name: value for name, value in summary.items() if not isinstance(value, str)}
    return json.loads(json.dumps(plain, sort_keys=True), parse_float=lambda text: round(float(f"{float(text):.9g}"), 6))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(LISTS, ANSWERS), max_size=30), st.lists(st.integers(0, 30), max_size=3))
def test_parts_merge_into_the_whole(rows, cuts):
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [summarise(Rows.of(rows[low:high])) for low, high in itertools.pairwise(edges)]
    whole = summarise(Rows.of(rows))
    merged = merge(parts)
    assert rounded(merged) == rounded(merge([whole]))
    assert rounded(merge([merge(parts[:1]), merge(parts[1:])])) == rounded(merged)
    for name in ("users", "items"):
        assert distinct.estimate(merged[name] or "").estimate == distinct.estimate(whole[name]).estimate
    for name in ("top_items", "top_users"):
        assert top.most(merged[name] or "", 50) == top.most(whole[name], 50)
    json.dumps(merged, allow_nan=False)


def test_the_same_rows_give_the_same_text():
    rows = [{"user": f"u{n % 40}", "items": ITEMS[: n % 12], "latency_ms": n / 7} for n in range(300)]
    assert json.dumps(summarise(Rows.of(rows))) == json.dumps(summarise(Rows.of(rows)))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95, 0.99, 1.0])
def test_quantiles_of_times_are_right_within_one_per_cent(share):
    times = np.random.default_rng(1).lognormal(1, 2, 20_000)
    parts = [summarise(Rows.of([{"latency_ms": float(x)} for x in part])) for part in np.split(times, 10)]
    found = latency.quantile(merge(parts)["latency"], share)
    true = np.quantile(times, share, method="lower")
    assert abs(found - true) / true <= latency.RELATIVE_ERROR + 1e-9


def test_the_median_of_confidences_is_right_within_half_a_bin():
    values = np.random.default_rng(2).beta(5, 2, 5_001)
    summary = merge(
        [summarise(Rows.of([{"confidence": float(x)} for x in part])) for part in np.array_split(values, 7)]
    )
    assert abs(confidence.median(summary["confidence"]) - np.median(values)) <= 0.0025 + 1e-9
    assert confidence.mean(summary["confidence"]) == pytest.approx(values.mean(), abs=1e-12)
    assert confidence.histogram(summary["confidence"]) == np.histogram(values, 10, (0, 1))[0].tolist()


def test_distinct_users_and_frequent_items_keep_their_bounds_beyond_their_size():
    random = np.random.default_rng(3)
    people = [f"person {n}" for n in random.integers(0, 30_000, 40_000)]
    things = [f"thing {n}" for n in np.minimum(random.zipf(1.3, 40_000), 5_000)]
    rows = [{"user": user, "items": [thing]} for user, thing in zip(people, things, strict=True)]
    summary = merge([summarise(Rows.of(rows[at : at + 8_000])) for at in range(0, 40_000, 8_000)])
    users = distinct.estimate(summary["users"])
    assert users.low <= len(set(people)) <= users.high
    assert users.high - users.low < 0.14 * len(set(people))
    counts = Counter(things)
    found = top.most(summary["top_items"], 8)
    assert [one.word for one in found] == [word for word, _ in counts.most_common(8)]
    assert all(one.low <= counts[one.word] <= one.high for one in found)
    assert max(one.high - one.low for one in found) <= 3.5 / 1024 * 40_000
    assert top.total(summary["top_items"]) == 40_000


def test_lists_are_judged_by_the_formulas_of_the_product():
    """Brute force in plain Python, one list at a time."""
    random = np.random.default_rng(4)
    rows = []
    for _ in range(200):
        shown = [f"i{n}" for n in random.permutation(30)[: random.integers(1, 15)]]
        asked = [f"i{n}" for n in random.permutation(40)[: random.integers(0, 6)]]
        given_ = [{"kind": "rating", "item": item, "value": float(random.integers(1, 6))} for item in asked]
        rows.append({"items": shown, "history": int(random.integers(0, 40)), "feedback": given_})
    sums = judged.whole(summarise(Rows.of(rows))["judged"])
    precision, recall, ndcg, hits, decisions = [], [], [], 0, Counter()
    for one in rows:
        if not one["feedback"]:
            continue
        liked = {given_["item"] for given_ in one["feedback"] if given_["value"] >= 4}
        found = [item in liked for item in one["items"][:10]]
        precision.append(sum(found) / min(10, len(one["items"])))
        hits += any(found)
        for item, given_ in {given_["item"]: given_ for given_ in one["feedback"]}.items():
            where, what = item in one["items"], given_["value"] >= 4
            decisions[
                {(True, True): "tp", (True, False): "fp", (False, True): "fn", (False, False): "tn"}[where, what]
            ] += 1
        if liked:
            recall.append(sum(found) / len(liked))
            gain = sum(hit / np.log2(place + 2) for place, hit in enumerate(found))
            ndcg.append(gain / sum(1 / np.log2(place + 2) for place in range(min(10, len(liked)))))
    assert sums["lists"] == len(precision)
    assert sums["with_positive"] == len(recall) == len(ndcg)
    assert sums["with_hit"] == hits
    for name, values in (("precision", precision), ("recall", recall), ("ndcg", ndcg)):
        assert sums[name] == pytest.approx(sum(values))
        assert sums[f"{name}2"] == pytest.approx(sum(value**2 for value in values))
    assert {name: sums[name] for name in ("tp", "fp", "fn", "tn")} == decisions
    parts = summarise(Rows.of(rows))["judged"]["segments"]
    sizes = Counter(
        "new" if one["history"] < 1 else "light" if one["history"] < 20 else "heavy" for one in rows if one["feedback"]
    )
    assert {name: part["lists"] for name, part in parts.items()} == sizes


def test_an_item_is_positive_when_any_kind_of_feedback_says_so():
    def judge(*feedback):
        rows = [{"items": ["a", "b"], "feedback": [{"kind": k, "item": "a", "value": v} for k, v in feedback]}]
        sums = judged.whole(summarise(Rows.of(rows))["judged"])
        return sums["tp"], sums["fp"]

    assert judge(("rating", 4.0)) == (1, 0)
    assert judge(("rating", 3.9)) == (0, 1)
    assert judge(("click", None)) == (1, 0)
    assert judge(("click", 0.0)) == (0, 1)
    assert judge(("skip", None)) == (0, 1)
    assert judge(("skip", None), ("conversion", 1.0)) == (1, 0)
