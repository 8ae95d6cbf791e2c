"""The figures of insights against counts by hand over the same rows."""

from __future__ import annotations

import datetime as dt
import statistics

import pytest
from django.utils import timezone

from experiments.models import Deployment, StageChange
from experiments.tests.factories import make_dataset, make_experiment
from experiments.tests.many import add_run
from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.insights import charts
from mlopspro.insights.selectors.alarms import alarms
from mlopspro.insights.selectors.figures import figures
from mlopspro.insights.selectors.insights import insights
from mlopspro.insights.selectors.promotions import production
from mlopspro.insights.selectors.quality import ALL, quality
from mlopspro.insights.selectors.retrained import retrained
from mlopspro.insights.selectors.span import BadSpan, Span, median, span_of
from mlopspro.insights.selectors.velocity import velocity
from mlopspro.insights.tests import home_scene as scene
from monitoring.models import MonitoringSettings, Source, Window
from retraining.models import Retraining, RetrainingStep

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2026, 11, 20, 15, 30, tzinfo=dt.UTC)
"""A Friday: the week goes on."""
SPAN = Span(4, NOW)


def test_weeks_are_those_of_the_calendar():
    assert [day.date() for day in SPAN.mondays] == [dt.date(2026, 10, 26) + 7 * at * DAY for at in range(4)]
    assert SPAN.end == dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    assert SPAN.before == dt.datetime(2026, 9, 28, tzinfo=dt.UTC)
    assert SPAN.months == [dt.date(2026, 10, 1), dt.date(2026, 11, 1)]
    assert [at.isocalendar().week for at in SPAN.mondays] == [44, 45, 46, 47]
    assert SPAN.elapsed == pytest.approx(3 + (4 + 15.5 / 24) / 7)


@pytest.mark.parametrize("given", ["0", "105", "-1", "4.0", "x", "٤٤٤"])
def test_what_is_no_number_of_weeks_is_refused_with_what_is(given):
    with pytest.raises(BadSpan, match="1 to 104"):
        span_of(given, NOW)


@pytest.mark.parametrize("values", [[3.0], [4.0, 1.0], [5.0, 1.0, 3.0], [1.0, 9.0, 4.0, 2.0]])
def test_the_median_is_that_of_the_standard_library(values):
    assert median(values) == statistics.median(values)


def test_experiments_a_week(workspace):
    data = make_dataset(workspace)
    ended = [
        (0, "completed"), (1, "completed"), (3, "failed"), (9, "cancelled"), (20, "completed"), (25, "failed"),
        (26, "completed"), (40, "completed"), (60, "completed"),
    ]  # fmt: skip
    for days, status in ended:
        reason = "It broke." if status == "failed" else ""
        make_experiment(workspace, dataset=data, status=status, finished_at=NOW - days * DAY, failure_reason=reason)
    make_experiment(workspace, dataset=data, status="completed", finished_at=NOW, deleted_at=NOW)
    make_experiment(workspace, dataset=data)
    found = velocity(workspace, SPAN)
    for week in found.weeks:
        mine = [status for days, status in ended if week.start <= NOW - days * DAY < week.start + 7 * DAY]
        assert (week.completed, week.failed, week.cancelled) == tuple(
            mine.count(status) for status in ("completed", "failed", "cancelled")
        )
    inside = [status for days, status in ended if NOW - days * DAY >= SPAN.start]
    before = [status for days, status in ended if SPAN.before <= NOW - days * DAY < SPAN.start]
    assert found.ended == len(inside) > 0
    assert found.a_week == pytest.approx(len(inside) / SPAN.elapsed)
    assert found.a_week_before == len(before) / 4 > 0


def test_quality_is_of_one_protocol_and_one_dataset(workspace):
    easy, hard = make_dataset(workspace, name="easy"), make_dataset(workspace, name="hard")
    runs = [(hard, 0.50, 0), (hard, 0.58, 1), (hard, 0.40, 9), (easy, 0.90, 1), (hard, 0.30, 35)]
    for data, f1, days in runs:
        add_run(
            workspace, data, figures={("rated", "f1_at_10"): f1, ("catalogue", "f1_at_10"): f1 / 10},
            finished_at=NOW - days * DAY,
        )  # fmt: skip
    found = quality(workspace, SPAN, "rated.f1_at_10")
    assert (found.headline.key, found.dataset_label) == ("rated.f1_at_10", "hard")
    assert [(week.runs, week.best) for week in found.weeks] == [(0, None), (0, None), (1, 0.40), (2, 0.58)]
    assert found.weeks[-1].mean == pytest.approx((0.50 + 0.58) / 2)
    assert found.mean == pytest.approx((0.50 + 0.58 + 0.40) / 3)
    assert found.before == pytest.approx(0.30)
    mixed = quality(workspace, SPAN, "rated.f1_at_10", ALL)
    assert mixed.is_mixed
    assert mixed.mean == pytest.approx((0.50 + 0.58 + 0.40 + 0.90) / 4)
    other = quality(workspace, SPAN, "catalogue.f1_at_10", str(easy.pk))
    assert (other.best, other.runs) == (pytest.approx(0.09), 1)
    assert {one.key: one.runs for one in found.metrics} == {"rated.f1_at_10": 4, "catalogue.f1_at_10": 4}


def test_a_rated_figure_stands_with_its_reference_lines(workspace):
    data = make_dataset(workspace)
    for everything in (0.64, 0.66):
        run = add_run(workspace, data, figures={("rated", "f1_at_10"): 0.7}, finished_at=NOW)
        run.metric_values.update(everything=everything, popularity=0.5)
    found = quality(workspace, SPAN)
    assert found.references == [("popularity", pytest.approx(0.5)), ("everything", pytest.approx(0.65))]
    assert [line.label for line in charts.quality(found, SPAN).thresholds] == ["popularity 0.500", "everything 0.650"]


def test_the_best_of_an_error_is_the_lowest(workspace):
    data = make_dataset(workspace)
    for rmse in (0.95, 0.91):
        add_run(workspace, data, figures={("pointwise", "rmse"): rmse}, finished_at=NOW)
    found = quality(workspace, SPAN)
    assert (found.headline.key, found.best, found.weeks[-1].best) == ("pointwise.rmse", 0.91, 0.91)


# --- Promotions ---------------------------------------------------------------------------------------------------


def judged(lists: int, tp: int, fp: int, fn: int, ndcg: float) -> dict[str, object]:
    """A day of lists with feedback, each with a known positive."""
    sums = dict.fromkeys(
        ("with_hit", "precision", "precision2", "recall", "recall2", "ndcg2", "precision_recall",
         "precision_with_positive", "silent", "tn"), 0,
    )  # fmt: skip
    part = sums | {
        "lists": lists,
        "with_positive": lists,
        "hits": tp,
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "ndcg": ndcg * lists,
    }
    places = {"shown": [lists], "judged": [lists], "positive": [tp]}
    return {
        "judged": {"segments": {"light": part}, "places": places},
        "candidates": {"lists": lists, "history": 5 * lists, "unknown": 0},
    }


def day_of(source: Source, at: dt.datetime, summary: dict[str, object], labelled: int = 1) -> None:
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    Window.objects.create(
        source=source, level=86400, start=start, predictions=1000, labelled=labelled, summary=summary, computed_at=NOW
    )


def champion(workspace, number: str, since: dt.datetime, trained: dt.datetime, name: str = "Films") -> Source:
    version = make_version_row(workspace, name, number)
    version.experiment.finished_at = trained
    version.experiment.save()
    make_live(version, since=since)
    return Source.objects.create(workspace=workspace, model=version.model, version=version, role="champion")


@pytest.fixture
def replaced(workspace):
    """1.1.0 took over from 1.0.0 five days ago; each has days of feedback, one of them too old to count."""
    old = champion(workspace, "1.0.0", NOW - 90 * DAY, NOW - 95 * DAY)
    new = champion(workspace, "1.1.0", NOW - 5 * DAY, NOW - 8.5 * DAY)
    day_of(old, NOW - 60 * DAY, judged(5000, 0, 50_000, 50_000, 0.01))
    for days in (20, 9, 6):
        day_of(old, NOW - days * DAY, judged(100, 80, 700, 120, 0.30))
    for days in (5, 3, 0):
        day_of(new, NOW - days * DAY, judged(200, 320, 1200, 180, 0.42))
    return old, new


def test_what_a_promotion_avoided_is_what_its_formula_says(workspace, replaced):
    old, new = replaced
    (made,) = production(workspace, SPAN).promotions
    items = new.version.dataset.num_items
    # Decision D3, over the days that count: $10 an irrelevant item shown, $50 a relevant one missed.
    before = 1000 * 3 * (10 * 700 + 50 * 120) / (3 * 100 * (items - 5))
    after = 1000 * 3 * (10 * 1200 + 50 * 180) / (3 * 200 * (items - 5))
    assert (made.before.answers, made.after.answers) == (300, 600)
    assert made.before.per_1000 == pytest.approx(before)
    assert made.after.per_1000 == pytest.approx(after)
    assert made.after.decisions == 600 * (items - 5)
    assert made.avoided == pytest.approx((before - after) * 600 * (items - 5) / 1000)
    assert made.before.figure == pytest.approx(0.30)
    assert made.after.figure == pytest.approx(0.42)
    assert made.days == pytest.approx(3.5)
    assert made.replaced == old.version


def test_money_follows_the_prices_of_today(workspace, replaced):
    _, new = replaced
    MonitoringSettings.objects.create(model=new.model, price_false_positive=0.0, price_false_negative=1.0)
    (made,) = production(workspace, SPAN).promotions
    items = new.version.dataset.num_items
    assert made.before.per_1000 == pytest.approx(1000 * 360 / (300 * (items - 5)))


def test_too_few_answers_are_not_enough_data_and_never_a_figure(workspace, replaced):
    _, new = replaced
    MonitoringSettings.objects.create(model=new.model, minimum_labels=301)
    found = production(workspace, SPAN)
    (made,) = found.promotions
    assert (made.before.per_1000, made.before.figure, made.avoided, found.avoided) == (None, None, None, None)
    assert made.after.per_1000 is not None
    assert made.why_not == "Not enough data: 300 and 600 of 301 answers with feedback."


def test_a_models_first_version_replaced_none(workspace):
    champion(workspace, "1.0.0", NOW - 2 * DAY, NOW - 3 * DAY)
    (made,) = production(workspace, SPAN).promotions
    assert (made.replaced, made.avoided, made.days) == (None, None, pytest.approx(1.0))
    assert made.why_not == "The model's first version: it replaced none."


def test_a_version_that_comes_back_is_promoted_once(workspace, replaced):
    old, new = replaced
    make_live(old.version, since=NOW - 1 * DAY)
    StageChange.objects.create(version=old.version, kind="rolled_back", to_stage="production", at=NOW - 1 * DAY)
    found = insights(workspace, SPAN)
    assert [one.version for one in found.production.promotions] == [new.version]
    assert [(one.version, one.model) for one in found.retrained.rollbacks] == [("1.0.0", "Films")]
    assert Deployment.objects.filter(version=old.version).count() == 2


def test_models_that_answer_with_numbers_cost_what_their_errors_do(workspace):
    make_model_row(workspace, "Prices", family="pricing")
    old = champion(workspace, "1.0.0", NOW - 30 * DAY, NOW - 31 * DAY, "Prices")
    new = champion(workspace, "1.1.0", NOW - 4 * DAY, NOW - 5 * DAY, "Prices")
    for source, over in ((old, 900.0), (new, 600.0)):
        sums = {"n": 300, "over": over, "under": 100.0, "error": 1.0, "absolute": over + 100, "squared": 2700.0,
                "fourth": 30_000.0}  # fmt: skip
        day_of(source, NOW - (6 if source is old else 3) * DAY, {"numbers": sums})
    (made,) = production(workspace, SPAN).promotions
    assert (made.before.per_1000, made.after.per_1000) == (
        pytest.approx(1000 * 1000 / 300), pytest.approx(1000 * 700 / 300),
    )  # fmt: skip
    assert made.avoided == pytest.approx(300.0)
    assert made.before.figure == pytest.approx((2700 / 300) ** 0.5)


def test_days_to_production_are_held_against_as_many_weeks_before(workspace):
    for number, (at, took) in enumerate([(40, 9), (35, 5), (10, 4), (3, 1), (2, 3)]):
        champion(workspace, f"1.{number}.0", NOW - at * DAY, NOW - (at + took) * DAY)
    found = production(workspace, SPAN)
    assert [round(one.days) for one in found.promotions] == [4, 1, 3]
    assert found.median_days == pytest.approx(3)
    assert found.change == pytest.approx(3 - statistics.median([9, 5]))


# --- Retrainings and alerts -----------------------------------------------------------------------------------------


def test_retrainings_by_month_with_what_the_gate_and_the_traffic_say(workspace, replaced):
    old, new = replaced
    first = Retraining.objects.create(
        model=new.model, base=old.version, version=new.version, state="promoted", started_at=NOW - 6 * DAY,
        ended_at=NOW - 5 * DAY,
    )  # fmt: skip
    gate = {"improvement": 0.04, "headline": "catalogue.ndcg_at_10", "label": "NDCG@10", "relative": False}
    RetrainingStep.objects.create(retraining=first, number=3, kind="gate", state="done", evidence={"gate": gate})
    for days, state in ((25, "held"), (24, "failed"), (200, "promoted")):
        at = NOW - days * DAY
        Retraining.objects.create(model=new.model, base=old.version, state=state, started_at=at, ended_at=at)
    found = retrained(workspace, SPAN, production(workspace, SPAN))
    assert [(month.first.month, month.counts) for month in found.months] == [
        (10, {"held": 1, "failed": 1}), (11, {"promoted": 1}),
    ]  # fmt: skip
    newest = found.rows[0]
    assert (newest.gain.words, newest.gain.label) == ("+0.040", "NDCG@10")
    assert newest.promotion.before.figure == pytest.approx(0.30)
    assert newest.promotion.after.figure == pytest.approx(0.42)
    assert found.rows[1].gain is None
    lines = {(one.series, one.name): one.value for one in figures(insights(workspace, SPAN))}
    assert lines["gain at the gate", "Films"] == 0.04
    assert lines["live after", "Films"] == pytest.approx(0.42)


def test_times_to_acknowledge_and_to_resolve_are_medians(workspace):
    version = scene.live_model(workspace, "Films")
    minutes = [(2, 30), (10, None), (4, 90), (None, 60)]
    for acknowledged, resolved in minutes:
        alert = scene.add_alert(version, "warning", "resolved" if resolved else "open")
        alert.opened_at = NOW - DAY
        alert.resolved_at = NOW - DAY + dt.timedelta(minutes=resolved) if resolved else None
        alert.save()
        if acknowledged:
            scene.acknowledge(alert, dt.timedelta(minutes=acknowledged))
            scene.acknowledge(alert, dt.timedelta(minutes=acknowledged + 500))
    found = alarms(workspace, SPAN)
    assert (found.opened, found.weeks[-1].counts["warning"]) == (4, 4)
    assert found.to_acknowledge == 60 * statistics.median([2, 10, 4])
    assert found.to_resolve == 60 * statistics.median([30, 90, 60])
    assert alarms(workspace, span_of("4", timezone.now() - 400 * DAY)).opened == 0
