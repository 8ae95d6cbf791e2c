"""Live figures from merged counts against brute force over rows, scikit-learn and the bootstrap."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, mean_absolute_error, ndcg_score, roc_auc_score

from monitoring.stats.auc import auc_binned, auc_interval, calibration_error
from monitoring.stats.f1 import Sums, f1_interval, f1_of_means, f1_of_pairs
from monitoring.stats.performance import share_interval, share_of, verdict_of
from monitoring.summaries import live, measures
from monitoring.summaries.rows import Rows

START = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


def summary_of(rows, parts=3):
    """Merged of parts, as windows are."""
    size = max(1, math.ceil(len(rows) / parts))
    return measures.merge([measures.summarise(Rows.of(rows[at : at + size])) for at in range(0, len(rows), size)])


def list_rows(rng, n=150):
    """Lists of ten of fifty items; some users click."""
    rows = []
    for at in range(n):
        items = [str(one) for one in rng.permutation(50)[:10]]
        clicked = [item for place, item in enumerate(items) if rng.random() < 0.3 / (place + 1)]
        missed = ["missed"] if rng.random() < 0.1 else []
        skipped = [items[-1]] if items[-1] not in clicked else []
        feedback = [{"kind": "click", "item": item, "value": 1.0} for item in (*clicked, *missed)]
        feedback += [{"kind": "skip", "item": item} for item in skipped]
        rows.append({"items": items, "history": int(rng.integers(0, 40)), "feedback": feedback, "clicked": clicked,
                     "missed": missed, "user": str(at)})  # fmt: skip
    return rows


def test_lists_have_the_figures_of_their_rows():
    rows = list_rows(np.random.default_rng(1))
    judged = [row for row in rows if row["feedback"]]
    known = [row for row in judged if row["clicked"] or row["missed"]]
    precision = np.array([len(row["clicked"]) / 10 for row in judged])
    recall = np.array([len(row["clicked"]) / (len(row["clicked"]) + len(row["missed"])) for row in known])
    ndcg = np.array([_ndcg(row) for row in known])
    found = live.figures_of(summary_of(rows), "lists")
    assert found["precision_at_10"].value == pytest.approx(precision.mean(), abs=1e-12)
    assert found["recall_at_10"].value == pytest.approx(recall.mean(), abs=1e-12)
    assert found["ndcg_at_10"].value == pytest.approx(ndcg.mean(), abs=1e-12)
    assert found["hit_rate_at_10"].value == pytest.approx(np.mean([bool(row["clicked"]) for row in judged]), abs=1e-12)
    p_known = np.array([len(row["clicked"]) / 10 for row in known])
    p, r = p_known.mean(), recall.mean()
    assert found["f1_at_10"].value == pytest.approx(2 * p * r / (p + r), abs=1e-12)
    assert (found["ndcg_at_10"].n, found["precision_at_10"].n) == (len(known), len(judged))
    # The interval is about what resampling the lists gives.
    rng = np.random.default_rng(2)
    draws = rng.integers(0, len(known), (4000, len(known)))
    one, two = p_known[draws].mean(axis=1), recall[draws].mean(axis=1)
    spread = (2 * one * two / (one + two)).std()
    assert found["f1_at_10"].error == pytest.approx(spread, rel=0.08)
    assert found["ndcg_at_10"].error == pytest.approx(ndcg[draws].mean(axis=1).std(), rel=0.08)


def _ndcg(row):
    gains = [float(item in row["clicked"]) for item in row["items"]]
    ideal = sorted([*gains, *[1.0 for _ in row["missed"]]], reverse=True)[:10]
    discounts = 1 / np.log2(np.arange(10) + 2)
    value = float((np.array(gains) * discounts).sum() / (np.array(ideal) * discounts[: len(ideal)]).sum())
    if not row["missed"]:  # scikit-learn's ideal knows shown items only
        assert value == pytest.approx(ndcg_score([gains], [np.arange(10)[::-1]]), abs=1e-12)
    return value


def test_segments_are_the_lists_of_their_users_and_unknown_users_are_new():
    rows = list_rows(np.random.default_rng(3))
    for row in rows[:20]:
        row |= {"history": None, "fallback": True}
    found = live.segments_of(summary_of(rows))
    for name, fits in (("new", lambda h: not h), ("light", lambda h: h and h < 20), ("heavy", lambda h: h and h >= 20)):
        chosen = [row for row in rows if row["feedback"] and fits(row["history"])]
        mean = np.mean([len(row["clicked"]) / 10 for row in chosen])
        assert found[name]["precision_at_10"].value == pytest.approx(mean, abs=1e-12)


def answer_rows(rng, n=1500, labels=("0", "1")):
    """A classifier that is right about as often as it says."""
    rows = []
    for _ in range(n):
        p = float(rng.beta(1.2, 1.2))
        truth = rng.random() < p
        if len(labels) == 2:
            answered, true, sure = labels[int(p >= 0.5)], labels[int(truth)], max(p, 1 - p)
        else:
            answered = str(rng.choice(labels))
            true, sure = (answered if truth else str(rng.choice([one for one in labels if one != answered]))), p
        rows.append({"label": answered, "confidence": sure, "feedback": [{"kind": "label", "label": true}],
                     "p": p, "true": true})  # fmt: skip
    return rows


def test_a_classifier_has_the_figures_of_scikit_learn():
    rows = answer_rows(np.random.default_rng(4))
    true, said = [row["true"] for row in rows], [row["label"] for row in rows]
    found = live.figures_of(summary_of(rows), "classes")
    assert found["accuracy"].value == pytest.approx(np.mean(np.array(true) == np.array(said)), abs=1e-12)
    assert found["f1"].value == pytest.approx(f1_score(true, said, pos_label="1"), abs=1e-12)
    exact = roc_auc_score([one == "1" for one in true], [row["p"] for row in rows])
    assert abs(found["auc"].value - exact) <= found["auc"].bound + 1e-12
    assert found["auc"].bound < 0.005
    p, came = np.array([row["p"] for row in rows]), np.array([one == "1" for one in true], float)
    place = np.minimum((p * 10).astype(int), 9)
    error = sum(abs((p[place == at] - came[place == at]).sum()) for at in range(10)) / len(p)
    assert abs(found["calibration"].value - error) <= found["calibration"].bound
    assert live.positive_of(summary_of(rows)) == "1"


def test_of_many_labels_f1_is_macro_and_auc_is_of_confidence():
    rows = answer_rows(np.random.default_rng(5), labels=("a", "b", "c"))
    true, said = [row["true"] for row in rows], [row["label"] for row in rows]
    found = live.figures_of(summary_of(rows), "classes")
    assert found["f1"].value == pytest.approx(f1_score(true, said, average="macro"), abs=1e-12)
    exact = roc_auc_score(np.array(true) == np.array(said), [row["confidence"] for row in rows])
    assert abs(found["confidence_auc"].value - exact) <= found["confidence_auc"].bound + 1e-12
    assert "auc" not in found


def test_numbers_have_their_errors_and_rmse_an_interval():
    rng = np.random.default_rng(6)
    true, said = rng.normal(10, 3, 800), rng.normal(10.5, 3, 800)
    rows = [
        {"value": float(b), "feedback": [{"kind": "value", "value": float(a)}]} for a, b in zip(true, said, strict=True)
    ]
    found = live.figures_of(summary_of(rows), "numbers")
    assert found["mae"].value == pytest.approx(mean_absolute_error(true, said), abs=1e-9)
    assert found["bias"].value == pytest.approx((said - true).mean(), abs=1e-9)
    assert found["rmse"].value == pytest.approx(np.sqrt(((said - true) ** 2).mean()), abs=1e-9)
    draws = rng.integers(0, 800, (4000, 800))
    assert found["rmse"].error == pytest.approx(np.sqrt(((said - true) ** 2)[draws].mean(axis=1)).std(), rel=0.08)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"items": ["a"], "feedback": []}],
        [{"label": "x", "feedback": [{"kind": "label", "label": "x"}]}],
        [{"label": "x", "confidence": 0.0, "feedback": [{"kind": "label", "label": "x"}]}],
        [{"items": ["a"], "feedback": [{"kind": "skip", "item": "a"}]}],
        [{"value": 1e200, "feedback": [{"kind": "value", "value": -1e120}]}],
    ],
)
def test_one_row_none_and_extremes_say_what_they_can(rows):
    summary = summary_of(rows) if rows else {}
    for kind in ("lists", "classes", "numbers"):
        for one in live.figures_of(summary, kind).values():
            assert math.isfinite(one.value)
            assert one.low is None or math.isfinite(one.low)


def test_auc_of_one_side_is_not_defined_and_ties_are_half():
    assert math.isnan(auc_binned([3, 4], [0, 0]).value)
    assert auc_binned([0, 5], [0, 5]) == (0.5, 0.5, 5, 5)
    assert math.isnan(calibration_error([0] * 10, [0] * 10))
    low, high = auc_interval(auc_binned([1, 9], [9, 1]))[1:]
    assert 0 < low < auc_binned([1, 9], [9, 1]).value < high <= 1
    assert f1_of_means(Sums(3, 0, 0, 0, 0, 0)).value == 0
    assert f1_interval(Sums(1, 0.5, 1, 0.25, 1, 0.5)).low == -math.inf
    assert math.isnan(f1_of_pairs({}))


def test_performance_is_a_share_of_the_baseline_whichever_way_is_better():
    assert share_of("ratio", 0.31, 0.40) == pytest.approx(0.775)
    assert share_of("inverse", 1.2, 0.9) == pytest.approx(0.75)
    assert share_of("difference", 0.22, 0.02) == pytest.approx(0.8)
    assert share_of("bias", 0.5, 0.1, scale=2.0) == pytest.approx(0.8)
    assert share_of("ratio", 0.0, 0.0) == 1.0
    assert share_of("ratio", 0.1, 0.0) is None
    assert share_of("inverse", 0.0, 0.3) is None
    assert [verdict_of(one, 0.85, 0.80) for one in (0.85, 0.8499, 0.80, 0.7999, None)] == [
        "ok", "watch", "watch", "act", "not_enough",
    ]  # fmt: skip


def test_the_interval_of_a_share_holds_it_as_often_as_it_says():
    rng = np.random.default_rng(7)
    held, rounds = 0, 1500
    for _ in range(rounds):
        now, before = rng.normal(0.3, 0.25, 300), rng.normal(0.4, 0.25, 250)
        pairs = [(one.mean(), one.std(ddof=1) / np.sqrt(len(one))) for one in (now, before)]
        low, high = share_interval("ratio", pairs[0][0] / pairs[1][0], *pairs)
        held += low <= 0.75 <= high
    assert 0.935 <= held / rounds <= 0.965
