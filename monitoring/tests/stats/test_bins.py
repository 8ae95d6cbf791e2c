"""Bins are fixed by the reference, count every value once, and say apart what is no value."""

from __future__ import annotations

import json

import numpy as np
import pytest

from monitoring.stats.bins import Bins
from monitoring.stats.profiles import fit, profile


def test_numbers_are_counted_by_quantiles_of_the_reference() -> None:
    reference = np.random.default_rng(0).normal(0, 1, 10_000)
    bins = Bins.fit(reference, "numeric")
    values = np.concatenate([reference[:500], [np.nan, np.inf, -np.inf, -99.0, 99.0, 99.0]])
    counts = bins.count(values)
    inner = [
        ((values >= low) & (values < high)).sum() for low, high in zip(bins.edges[:-1], bins.edges[1:], strict=True)
    ]
    assert counts.tolist() == [1, *inner, 2, 2, 1]
    assert (bins.missing(counts), bins.infinite(counts), bins.unseen(counts)) == (1, 2, 3)
    assert bins.unseen(bins.count(reference)) == 0
    assert max(bins.count(reference)) <= 210
    assert bins.scale == pytest.approx(reference.std())
    assert len(bins.labels) == len(bins) == len(counts)


def test_equal_values_have_a_bin_of_their_own() -> None:
    bins = Bins.fit(np.full(100, 7.0), "numeric")
    assert bins.count([7.0, 7.0, 6.999, 7.001]).tolist() == [1, 2, 1, 0, 0]
    assert bins.scale == 0


def test_a_reference_without_numbers_knows_none() -> None:
    bins = Bins.fit([None, float("nan"), float("inf")], "numeric")
    assert bins.count([1.0, None, float("-inf")]).tolist() == [1, 1, 1]
    assert (bins.labels, bins.unseen(bins.count([1.0]))) == (("any", "infinite", "missing"), 1)


def test_categories_have_unseen_and_missing() -> None:
    bins = Bins.fit(["b", "a", "b", None], "categorical")
    assert bins.labels == ("b", "a", "unseen", "missing")
    assert bins.count(["a", "c", "d", None, float("nan"), "b"]).tolist() == [1, 1, 2, 2]
    assert bins.count(np.array(["a", "b"])).tolist() == [1, 1, 0, 0]
    assert bins.count_tally({"a": 5, "z": 2}, missing=1).tolist() == [0, 5, 2, 1]
    assert Bins.fit([], "categorical").count(["x"]).tolist() == [1, 0]
    assert Bins.fit([1, 2, 1], "categorical").count([2, 1.5, "1"]).tolist() == [1, 1, 1, 0]


def test_the_rarest_of_too_many_categories_are_unseen_in_the_reference_too() -> None:
    values = np.concatenate([np.arange(1200), np.arange(1000)])
    bins, counts = fit(values, "categorical")
    assert (len(bins), bins.unseen(counts)) == (1002, 200)


def test_popularity_groups_have_like_traffic_in_a_sample_that_did_not_rank() -> None:
    shares = 1 / np.arange(1, 501)
    values = np.random.default_rng(0).choice(500, 40_000, p=shares / shares.sum())
    bins, counts = fit(values, "popularity")
    groups = counts[:-2] / counts.sum()
    assert len(groups) >= 8
    assert groups.max() < 0.25
    assert bins.count([0, 0, "never"]).tolist() == [2, *[0] * (len(groups) - 1), 1, 0]


def test_shares_count_no_and_yes() -> None:
    assert Bins.fit([], "share").count([True, False, None, 1]).tolist() == [1, 2, 1]
    assert Bins.fit([], "share").count(np.array([True, True])).tolist() == [0, 2, 0]


@pytest.mark.parametrize("kind", ["numeric", "categorical", "popularity", "share"])
def test_counts_add_up_and_bins_travel_as_json(kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 2 if kind == "share" else 50, 3000).astype(float)
    entry = json.loads(json.dumps(profile(values, kind, of="scores")))
    bins = Bins.from_json(entry["bins"])
    assert bins == fit(values, kind)[0]
    assert (entry["kind"], entry["size"], len(entry["counts"])) == ("scores", sum(entry["counts"]), len(bins))
    parts = bins.count(values[:1000]) + bins.count(values[1000:])
    assert parts.tolist() == bins.count(values).tolist()
    assert bins.absent(12).sum() == bins.missing(bins.absent(12)) == 12


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Bins.fit([1], "other"), "numeric, categorical, popularity, share are accepted"),
        (lambda: Bins("other"), "numeric, categorical, popularity, share are accepted"),
        (lambda: Bins.fit(["x"], "numeric"), "numbers are accepted"),
        (lambda: Bins.fit([1.0], "numeric").compared([1, 2]), "one a bin"),
    ],
)
def test_what_does_not_fit_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
