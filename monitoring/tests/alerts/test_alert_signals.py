"""What rules read: checks and their findings, windows of the last minutes, series against their own past."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.alerts import course, signals
from monitoring.alerts.lifecycle import Terms
from monitoring.alerts.past import openings, past
from monitoring.alerts.specs import SIGNALS
from monitoring.models import AlertRule, Finding, ProcessBeat, Source, StaleMinute, Window
from monitoring.services.window_writes import floor
from monitoring.tests.alerts.scenes import MINUTE, NOW, make_check, quiet_model

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
NOON = floor(timezone.now(), 86400) + 12 * HOUR


@pytest.fixture
def model():
    return quiet_model(make_workspace())


@pytest.fixture
def source(model):
    return Source.objects.create(workspace=model.workspace, model=model, label="1", role="champion")


def read(model, signal, now=NOW, **fields):
    rule = AlertRule(model=model, signal=signal, threshold=1, comparison="above", **({"minimum_sample": 0} | fields))
    return signals.read(model, rule, now)


def window(source, start, level, predictions, errors=0, **summary):
    return Window(
        source=source, level=level, start=start, predictions=predictions, errors=errors, summary=summary,
        state="closed", computed_at=start,
    )  # fmt: skip


def test_an_area_without_a_check_has_no_value(model):
    found = read(model, "drift.score")
    assert found.value is None
    assert "has not been checked yet" in found.sentence


def test_a_score_comes_with_its_sample_sentence_and_evidence(model):
    make_check(model, 0.2, NOW - 10 * MINUTE, "drift")
    check = make_check(
        model, 0.4, NOW - MINUTE, "drift", findings={("exposure", "psi"): (0.4, 900), ("scores", "ks"): (0.1, 700)}
    )
    found = read(model, "drift.score")
    assert (found.value, found.sample, found.at, found.sentence) == (0.4, 900, check.at, check.sentence)
    assert (found.evidence["check"], found.evidence["tab"]) == (str(check.pk), "drift")


def test_not_enough_and_old_checks_are_no_value(model):
    make_check(model, 0.9, NOW - MINUTE, "drift", verdict="not_enough", sentence="90 of 500 predictions.")
    assert read(model, "drift.score").value is None
    assert read(model, "drift.score").sentence == "90 of 500 predictions."
    make_check(model, 55.0, NOW - 16 * MINUTE, "cost")
    assert "old" in read(model, "cost.per_1000").sentence
    assert read(model, "cost.per_1000", NOW - 2 * MINUTE).value == 55.0


def test_a_figure_against_a_limit_of_its_own_needs_no_baseline(model):
    """A version that was promoted a minute ago is told by its figures; its baseline comes with the first whole hour."""
    findings = {("ndcg_at_10", "performance"): (0.31, 2140)}
    check = make_check(model, None, NOW - MINUTE, findings=findings, verdict="not_enough")
    Finding.objects.filter(check_of=check).update(verdict="not_enough")
    assert (read(model, "quality.ndcg_at_10").value, read(model, "quality.ndcg_at_10").sample) == (0.31, 2140)
    assert read(model, "quality.performance").value is None


def test_single_findings_of_the_quality_check_are_signals(model):
    make_check(
        model, 0.9, NOW - MINUTE,
        findings={
            ("ndcg_at_10", "performance"): (0.31, 2140), ("f1_instability", "cv"): (0.4, None),
            ("segment.new.ndcg_at_10", "degradation"): (0.5, 300), ("segment.heavy.f1", "degradation"): (0.1, 900),
            ("segment.tail.f1", "degradation"): (None, 3),
        },
    )  # fmt: skip
    assert (read(model, "quality.ndcg_at_10").value, read(model, "quality.ndcg_at_10").sample) == (0.31, 2140)
    assert "0.310" in read(model, "quality.ndcg_at_10").sentence
    assert read(model, "drift.instability").value == 0.4
    worst = read(model, "quality.degradation")
    assert (worst.value, worst.sample) == (0.5, 300)
    assert "new ndcg_at_10" in worst.sentence
    assert read(model, "quality.precision_at_10").value is None


def test_failed_share_is_of_the_rules_window_and_leaves_shadows_out(model, source):
    shadow = Source.objects.create(workspace=model.workspace, model=model, label="2", role="shadow")
    end = floor(NOW, 60)
    Window.objects.bulk_create(
        [window(source, end - at * MINUTE, 60, 10, 1) for at in range(1, 31)]
        + [window(source, end - 40 * MINUTE, 60, 1000, 1000), window(shadow, end - MINUTE, 60, 500, 500)]
    )
    found = read(model, "health.error_rate", window_seconds=900)
    assert (found.value, found.sample, found.at) == (0.1, 150, end)
    assert read(model, "health.p95_ms", window_seconds=900).value is None
    assert "No request" in read(model, "health.error_rate", NOW + 5 * HOUR, window_seconds=900).sentence


def test_the_log_is_as_late_as_its_oldest_entry(model):
    assert read(model, "log.lag_seconds").value is None
    spool = {"spool": {"bytes": 1, "oldest": (NOW - 90 * MINUTE / 60).isoformat()}}
    ProcessBeat.objects.create(name="log-shipper", host="a", pid=1, started_at=NOW, beat_at=NOW, details=spool)
    assert read(model, "log.lag_seconds").value == 90
    stale = {"stale": {"head": 7, "since": (NOW - 5 * MINUTE).isoformat()}}
    ProcessBeat.objects.create(name="health", host="", pid=0, started_at=NOW, beat_at=NOW, details=stale)
    assert read(model, "log.lag_seconds").value == 300
    assert read(model, "log.lag_seconds", NOW + HOUR).value is None, "signs of life that are an hour old"


def put_days(source, days, newest, seed=1, errors=0):
    """Traffic with a daily course until noon; the last hour has ``newest`` predictions."""
    rng = np.random.default_rng(seed)
    rows = []
    for at in range(days * 24, 0, -1):
        start = NOON - at * HOUR
        usual = 1000 + 800 * np.sin(start.hour / 24 * 2 * np.pi)
        predictions = newest if at == 1 else int(rng.poisson(usual))
        if predictions:
            rows.append(window(source, start, 3600, predictions, errors if at == 1 else 0))
    Window.objects.bulk_create(rows)


def test_traffic_is_held_against_the_same_hour_of_other_days(model, source):
    usual = 1000 + 800 * np.sin(11 / 24 * 2 * np.pi)
    put_days(source, 10, int(usual))
    after = NOON + 5 * MINUTE
    ordinary = read(model, "series.predictions", after)
    assert ordinary.value < 4
    assert ordinary.at == NOON
    assert ordinary.evidence["seasonal"]
    assert ordinary.evidence["expected"] == pytest.approx(usual, rel=0.05)
    Window.objects.filter(start=NOON - HOUR).update(predictions=200)
    low = read(model, "series.predictions", after)
    assert low.value > 6
    assert low.figure == 200
    assert "below" in low.sentence
    assert read(model, "series.predictions", NOON + MINUTE).at == NOON - HOUR, "not before the window is closed"


def test_an_hour_without_a_row_is_zero_and_an_uncounted_one_is_no_value(model, source):
    put_days(source, 10, 0)
    after = NOON + 5 * MINUTE
    assert read(model, "series.predictions", after).figure == 0
    assert read(model, "series.predictions", after).value > 6
    StaleMinute.objects.create(source=source, minute=NOON - 10 * MINUTE)
    late = read(model, "series.predictions", after)
    assert (late.value, late.at) == (None, None)
    assert "not counted yet" in late.sentence


def test_a_young_model_has_no_past_to_be_unlike(model, source):
    put_days(source, 1, 5)
    found = read(model, "series.predictions", NOON + 5 * MINUTE)
    assert found.value is None
    assert "30 are needed" in found.sentence


def test_only_the_bad_side_counts_and_one_failure_is_chance(model, source):
    put_days(source, 10, 1200, errors=1)
    after = NOON + 5 * MINUTE
    assert read(model, "series.errors", after).value < 4
    assert read(model, "series.error_rate", after).value < 4
    Window.objects.filter(start=NOON - HOUR).update(errors=120)
    assert read(model, "series.errors", after).value > 6
    assert read(model, "series.error_rate", after).value > 6
    Window.objects.filter(start=NOON - 2 * HOUR).update(errors=900)
    assert read(model, "series.errors", NOON + 65 * MINUTE).value <= 0, "fewer failures than usual are not bad"


def test_series_rest_on_their_sample(model, source):
    put_days(source, 10, 20)
    found = read(model, "series.error_rate", NOON + 5 * MINUTE, minimum_sample=100)
    assert (found.value, found.sample) == (None, 20)
    assert "20 of 100" in found.sentence


def test_every_signal_can_be_read_of_a_model_without_anything(model):
    for name in SIGNALS:
        for seconds in (3600, 86400):
            found = read(model, name, window_seconds=seconds)
            assert found.value is None
            assert found.sentence


def test_a_rule_is_tried_on_the_past_as_it_would_have_been_live(model):
    for place, score in enumerate([0.9, 0.7, 0.7, 0.9, 0.9, None, 0.7, 0.9, 0.7, 0.7]):
        verdict = "not_enough" if score is None else "ok"
        make_check(model, score, NOW + place * 20 * MINUTE, verdict=verdict)
    found = past(model, SIGNALS["quality.performance"], NOW, NOW + 10 * HOUR)
    assert [value for _, value in found.figures] == [0.9, 0.7, 0.7, 0.9, 0.9, None, 0.7, 0.9, 0.7, 0.7]
    assert openings(Terms("below", 0.85), found.reads) == [NOW + 40 * MINUTE, NOW + 180 * MINUTE]


def test_the_past_of_a_series_says_what_was_ordinary_at_each_hour(model, source):
    put_days(source, 8, 10)
    found = past(model, SIGNALS["series.predictions"], NOON - 6 * HOUR, NOON + 5 * MINUTE)
    assert len(found.figures) == len(found.low) == len(found.high) == 6
    assert found.figures[-1] == (NOON, 10.0)
    assert found.reads[-1].value > 6
    live = read(model, "series.predictions", NOON + 5 * MINUTE)
    assert found.reads[-1].value == pytest.approx(live.value)


def test_windows_of_a_course_stand_where_their_season_is():
    assert course.newest(3600, NOON + MINUTE) == NOON - HOUR
    assert course.newest(3600, NOON + 3 * MINUTE) == NOON
    assert course.level_of(3600) == 3600
    assert course.level_of(86400) == 86400
