"""Cost of errors: counts against brute force over rows, money at the prices of now, limits, list lengths."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from experiments.models import Dataset
from mlopspro.testing.people import make_workspace
from monitoring.models import Check, Verdict
from monitoring.selectors.cost import cost
from monitoring.selectors.windows import period
from monitoring.services import judging, monitoring_settings
from monitoring.services.cost_counts import counted
from monitoring.summaries import measures
from monitoring.summaries.rows import Rows
from monitoring.tests.judging.scenes import HOUR, answers, count, lists, numbers, today
from monitoring.tests.windows_scene import make_source, put, row

pytestmark = pytest.mark.django_db
COST = Check.Area.COST
CATALOGUE = 1000


@pytest.fixture
def source():
    made = make_source(make_workspace())
    Dataset.objects.filter(pk=made.version.dataset_id).update(num_items=CATALOGUE)
    monitoring_settings.change(made.model, {"minimum_labels": 40}, actor=None)
    return made


def found(check, signal):
    return check.findings.get(signal=signal)


def random_rows(rng, start, n=120):
    rows = []
    for at in range(n):
        items = [f"i{one}" for one in rng.permutation(60)[: rng.integers(4, 13)]]
        unknown = rng.random() < 0.1
        feedback = [{"kind": "click", "item": one, "value": 1.0} for one in items if rng.random() < 0.2]
        feedback += [{"kind": "skip", "item": one} for one in items if rng.random() < 0.2]
        feedback += [{"kind": "rating", "item": f"far{at}", "value": float(rng.integers(1, 6))}] * (rng.random() < 0.3)
        rows.append(row(start + dt.timedelta(seconds=at), items=items, feedback=feedback, fallback=unknown,
                        history=None if unknown else int(rng.integers(1, 90))))  # fmt: skip
    return rows


def brute(rows):
    """TP, FP, FN, TN over every candidate of every judged list, one by one."""
    counts = np.zeros(4)
    for one in rows:
        if not one["feedback"]:
            continue
        liked = {each["item"] for each in one["feedback"] if each["kind"] == "click"}
        liked |= {each["item"] for each in one["feedback"] if each["kind"] == "rating" and each["value"] >= 4}
        shown = set(one["items"])
        candidates = CATALOGUE - (one["history"] or 0)
        tp, fn = len(liked & shown), len(liked - shown)
        fp = len(shown) - tp
        counts += (tp, fp, fn, candidates - tp - fp - fn)
    return counts


def test_decisions_are_those_of_every_candidate(source):
    rows = put(source, random_rows(np.random.default_rng(11), today() - 2 * HOUR))
    count()
    check = judging.judge(source.model, COST)
    tp, fp, fn, tn = brute(rows)
    detail = found(check, "cost_per_1000").detail
    assert (detail["tp"], detail["fp"], detail["fn"], detail["tn"]) == (tp, fp, fn, tn)
    assert check.score == pytest.approx(1000 * (10 * fp + 50 * fn) / (tp + fp + fn + tn))
    assert found(check, "fp_rate").value == pytest.approx(fp / (fp + tn))
    assert found(check, "fn_rate").value == pytest.approx(fn / (fn + tp))
    judged = sum(bool(one["feedback"]) for one in rows)
    assert found(check, "cost_per_1000_lists").value == pytest.approx(1000 * (10 * fp + 50 * fn) / judged)
    assert detail["understated"] == 0


def test_the_best_length_is_that_of_cutting_every_list(source):
    rows = put(source, random_rows(np.random.default_rng(12), today() - 2 * HOUR))
    count()
    one = found(judging.judge(source.model, COST), "best_length")
    judged = [row for row in rows if row["feedback"]]
    costs = []
    for length in range(len(one.detail["costs"])):
        whole = 0.0
        for row_ in judged:
            liked = {each["item"] for each in row_["feedback"] if each["kind"] == "click"}
            liked |= {each["item"] for each in row_["feedback"] if each["kind"] == "rating" and each["value"] >= 4}
            shown = row_["items"][:length]
            whole += 10 * sum(item not in liked for item in shown) + 50 * len(liked - set(shown))
        costs.append(whole / len(judged))
    assert one.detail["costs"] == pytest.approx(costs)
    assert one.value == int(np.argmin(costs))


def test_what_is_not_known_of_histories_is_stated():
    rows = [
        {"items": ["a"], "history": h, "feedback": [{"kind": "click", "item": "a", "value": 1.0}]} for h in (40, None)
    ]
    summary = measures.merge([measures.summarise(Rows.of(rows))])
    found = counted(summary, "lists", 100)
    assert found.confusion.tn == 2 * 100 - 40 - 2
    assert found.understated == pytest.approx(0.5 * 40 / 100)
    only = measures.summarise(Rows.of(rows[1:]))
    assert counted(only, "lists", 100).understated is None
    del summary["candidates"]  # a window of before there was this measure
    assert counted(summary, "lists", 100).understated is None


@pytest.mark.parametrize(("limit", "verdict"), [(91.0, "ok"), (89.0, "watch"), (46.0, "watch"), (44.0, "act")])
def test_above_the_limit_is_watched_and_twice_of_it_acted_on(source, limit, verdict):
    lists(source, today() - HOUR, 50, history=0)  # nine of ten in vain: $90 a list, $90 a 1,000 of 1,000 candidates
    count()
    monitoring_settings.change(source.model, {"cost_limit": limit}, actor=None)
    check = judging.judge(source.model, COST)
    assert check.score == pytest.approx(90)
    assert check.verdict == verdict
    assert f"${limit:.2f} (50 judged lists, last 24 hours)" in check.sentence


def test_a_new_price_changes_what_is_shown_at_once_also_in_the_past(source):
    lists(source, today() - 5 * HOUR, 50, history=0)
    count()
    page = cost(source.model, [source], period("24h"))
    assert page.whole.cost.per_1000 == pytest.approx(90)
    monitoring_settings.change(source.model, {"price_false_positive": 20}, actor=None)
    page = cost(source.model, [source], period("24h"))
    assert page.whole.cost.per_1000 == pytest.approx(180)
    drawn = [point.priced.cost.per_1000 for point in page.courses[0].points if point.priced]
    assert drawn == pytest.approx([180])


def test_too_few_none_and_an_unknown_catalogue_judge_nothing(source):
    assert judging.judge(source.model, COST).sentence.startswith("Stale")
    lists(source, today() - HOUR, 12)
    count()
    check = judging.judge(source.model, COST)
    assert (check.verdict, check.score) == (Verdict.NOT_ENOUGH, None)
    assert "28 more are needed" in check.sentence
    elsewhere = make_source(make_workspace(), live=False)
    elsewhere.version, elsewhere.label, elsewhere.role = None, "v9", "elsewhere"
    elsewhere.save()
    monitoring_settings.change(elsewhere.model, {"minimum_labels": 40}, actor=None)
    lists(elsewhere, today() - HOUR, 50)
    count()
    check = judging.judge(elsewhere.model, COST)
    assert (check.verdict, check.score) == (Verdict.NOT_ENOUGH, None)
    assert "size of the catalogue is not known" in check.sentence
    assert found(check, "cost_per_1000_lists").value == pytest.approx(90_000)
    assert found(check, "fp_rate").value is None


def test_a_classifier_has_the_ordinary_matrix(source):
    at = today() - 2 * HOUR
    answers(source, at, 40, right=30)
    answers(source, at + dt.timedelta(minutes=10), 40, right=25, label="0")
    count()
    check = judging.judge(source.model, COST)
    said = ["1"] * 40 + ["0"] * 40
    true = ["1"] * 30 + ["0"] * 10 + ["0"] * 25 + ["1"] * 15
    tn, fp, fn, tp = confusion_matrix(true, said, labels=["0", "1"]).ravel()
    detail = found(check, "cost_per_1000").detail
    assert (detail["tp"], detail["fp"], detail["fn"], detail["tn"]) == (tp, fp, fn, tn)
    assert check.score == pytest.approx(1000 * (10 * fp + 50 * fn) / 80)
    assert not check.findings.filter(signal="best_length").exists()


def test_numbers_cost_by_how_far_off_they_are(source):
    numbers(source, today() - 2 * HOUR, 30, error=2.0)
    numbers(source, today() - HOUR, 20, error=-5.0)
    count()
    prices = {"price_over": 0.01, "price_under": 0.02}
    monitoring_settings.change(source.model, prices, actor=None)
    check = judging.judge(source.model, COST)
    assert check.score == pytest.approx(1000 * (30 * 2 * 0.01 + 20 * 5 * 0.02) / 50)
    assert check.verdict == Verdict.OK
