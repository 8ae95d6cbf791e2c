"""Quality against a live baseline: sentences, verdicts, segments, and what is said where there is too little."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from django.utils import timezone

from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.testing.people import make_member, make_workspace
from monitoring.models import Check, Reference, Source, Verdict, Window
from monitoring.services import judging, monitoring_settings
from monitoring.services.baselines import baseline_of
from monitoring.services.f1_course import f1_course
from monitoring.stats.instability import instability
from monitoring.tests.judged.scenes import make_reference
from monitoring.tests.judging.scenes import DAY, HOUR, answers, count, lists, numbers, today
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db
QUALITY = Check.Area.QUALITY


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def source(workspace):
    made = make_source(workspace)
    monitoring_settings.change(made.model, {"minimum_labels": 40}, actor=None)
    return made


def quality(source, now=None):
    return judging.judge(source.model, QUALITY, now=now)


def found(check, signal, statistic="performance"):
    return check.findings.get(signal=signal, statistic=statistic)


def test_what_fell_is_said_against_the_first_closed_hours(source):
    at = today()
    lists(source, at - 30 * HOUR, 25)  # NDCG 1
    lists(source, at - 29 * HOUR, 25)
    lists(source, at - 28 * HOUR, 50, place=1)  # after the baseline: NDCG 1 / log2(3)
    lists(source, at - 3 * HOUR, 60, place=1)
    count()
    check = quality(source)
    expected = 1 / math.log2(3)
    assert check.verdict == Verdict.ACT
    assert check.score == pytest.approx(expected)
    assert check.sentence.startswith("NDCG@10 is 0.631, 63")
    assert "of its baseline 1.00 (60 judged lists, last 24 hours)" in check.sentence
    one = found(check, "ndcg_at_10")
    assert (one.value, one.threshold) == (pytest.approx(expected), 1.0)
    assert (one.current_size, one.reference_size, one.detail["decides"]) == (60, 50, True)
    assert one.detail["coverage"] == 1.0
    assert found(check, "hit_rate_at_10").verdict == Verdict.OK  # still among the first ten
    assert found(check, "segment.light.ndcg_at_10", "degradation").value == pytest.approx(1 - expected)
    assert "light users" in check.sentence


@pytest.mark.parametrize(
    ("clicked_first", "verdict"), [(60, Verdict.OK), (40, Verdict.OK), (33, Verdict.WATCH), (20, Verdict.ACT)]
)
def test_the_scale_is_that_of_the_settings(source, clicked_first, verdict):
    """Of 60 lists so many keep the click in front, the others have it second."""
    at = today()
    lists(source, at - 30 * HOUR, 50)
    lists(source, at - 2 * HOUR, clicked_first)
    lists(source, at - HOUR, 60 - clicked_first, place=1)
    count()
    share = (clicked_first + (60 - clicked_first) / math.log2(3)) / 60
    check = quality(source)
    assert check.score == pytest.approx(share)
    assert check.verdict == verdict
    stricter = {"watch_below": share, "degraded_below": share}
    monitoring_settings.change(source.model, stricter, actor=None)
    assert quality(source).verdict == Verdict.OK


def test_too_few_labels_are_never_healthy_and_say_how_many_more(source):
    at = today()
    lists(source, at - 30 * HOUR, 50)
    lists(source, at - HOUR, 12)
    count()
    check = quality(source)
    assert (check.verdict, check.score) == (Verdict.NOT_ENOUGH, None)
    assert "12 judged lists (last 24 hours), 28 more are needed" in check.sentence


def test_lists_without_a_known_positive_are_no_labels_of_ndcg(source):
    at = today()
    skips = [{"kind": "skip", "item": "a"}]
    put(source, [row(at - HOUR + dt.timedelta(seconds=n), feedback=skips) for n in range(50)])
    count()
    check = quality(source)
    assert check.verdict == Verdict.NOT_ENOUGH
    assert "0 judged lists" in check.sentence
    assert found(check, "precision_at_10").current_size == 50


def test_without_a_baseline_nothing_is_judged(source):
    lists(source, today(), 60)  # the hour is still open
    count()
    check = quality(source)
    assert (check.verdict, check.score) == (Verdict.NOT_ENOUGH, None)
    assert "baseline" in check.sentence
    assert found(check, "ndcg_at_10").value == 1.0


def test_no_traffic_is_stale(source):
    lists(source, today() - 40 * HOUR, 60)
    count()
    check = quality(source)
    assert check.verdict == Verdict.NOT_ENOUGH
    assert check.sentence.startswith("Stale: no prediction was answered (last 24 hours)")


def test_a_model_that_never_answered_is_stale_too(workspace):
    model = make_model_row(workspace, "Idle")
    assert judging.judge(model, QUALITY).sentence.startswith("Stale")


def test_late_labels_count_where_their_prediction_was(source):
    at = today()
    lists(source, at - 30 * HOUR, 50)
    rows = lists(source, at - HOUR, 50, every=100)
    count()
    assert quality(source).verdict == Verdict.NOT_ENOUGH
    for one in rows[1:]:
        react(source, one, "click", "i0", 1.0, later=3000)
    count()
    check = quality(source)
    assert check.verdict == Verdict.OK
    assert "100" in check.sentence.rsplit(").", 1)[1]


def test_the_past_is_judged_with_the_version_that_was_live(source):
    at = today()
    lists(source, at - 75 * HOUR, 50)
    lists(source, at - 50 * HOUR, 50, place=1)
    count()
    later = make_version_row(source.workspace, "Films", "2.0.0")
    make_live(later)
    check = quality(source, now=at - 49 * HOUR)
    assert check.version_id in (None, source.version_id)
    assert quality(source).version_id == later.pk


def test_a_baseline_is_fixed_once_and_survives_its_windows(source):
    at = today()
    lists(source, at - 60 * HOUR, 50)
    lists(source, at - 50 * HOUR, 50, place=1)
    lists(source, at - 2 * HOUR, 50)
    count()
    reference = make_reference(source.version, {})
    profile = dict(reference.profile)
    assert quality(source).score == pytest.approx(1.0)
    reference.refresh_from_db()
    assert {**reference.profile, "baseline": None} == {**profile, "baseline": None}
    assert dt.datetime.fromisoformat(reference.profile["baseline"]["start"]) == at - 60 * HOUR
    Window.objects.filter(start__lt=at - 30 * HOUR).delete()
    Reference.objects.filter(pk=reference.pk).update(active=False)
    Reference.objects.create(version=source.version, kind="pinned", profile=profile)
    monitoring_settings.change(source.model, {"minimum_labels": 45}, actor=None)
    assert found(quality(source), "ndcg_at_10").detail["baseline_fixed"] is True
    assert quality(source).score == pytest.approx(1.0)


def test_a_young_baseline_takes_in_late_labels(source):
    at = today()
    rows = lists(source, at - 5 * HOUR, 90, every=2)
    lists(source, at - 2 * HOUR, 50)
    make_reference(source.version, {})
    count()
    assert found(quality(source), "ndcg_at_10").reference_size == 45
    for one in rows[1::2]:
        react(source, one, "click", "i1", 1.0, later=3000)
    count()
    one = found(quality(source), "ndcg_at_10")
    assert one.reference_size == 90
    assert one.detail["baseline_fixed"] is False
    assert "baseline" not in Reference.objects.get().profile


def test_a_baseline_ends_with_the_hour_in_which_there_are_enough(source):
    at = today()
    for hours, n in ((9, 30), (8, 5), (7, 20), (6, 40)):
        lists(source, at - hours * HOUR, n)
    put(source, [row(at - 10 * HOUR, feedback=[{"kind": "skip", "item": "a"}])])
    count()

    def stretch(minimum, now=None):
        given = {"kind": "lists", "headline": "ndcg_at_10", "minimum": minimum, "settle": DAY}
        made = baseline_of(source.version, [source], now=now or timezone.now(), **given)
        return made and (made.start, made.end)

    first = at - 10 * HOUR  # labelled, though with no known positive
    assert stretch(30) == (first, at - 8 * HOUR)
    assert stretch(35) == (first, at - 7 * HOUR)
    assert stretch(36) == (first, at - 6 * HOUR)
    assert stretch(95) == (first, at - 5 * HOUR)
    assert stretch(96) is None
    assert stretch(36, now=at - 6 * HOUR + dt.timedelta(seconds=60)) is None  # not closed yet


def test_classifiers_and_numbers_have_their_own_headline(workspace):
    at = today()
    one, two = make_source(workspace, "1.0.0"), make_source(make_workspace())
    for source in (one, two):
        monitoring_settings.change(source.model, {"minimum_labels": 40}, actor=None)
    answers(one, at - 30 * HOUR, 50, right=50)
    answers(one, at - 2 * HOUR, 50, right=38)
    numbers(two, at - 30 * HOUR, 50, error=3.0)
    numbers(two, at - 2 * HOUR, 50, error=-4.0)
    count()
    check = quality(one)
    assert check.score == pytest.approx(0.76)
    assert check.verdict == Verdict.ACT
    assert found(check, "calibration").value == pytest.approx(abs(0.8 - 0.76), abs=0.0026)
    check = quality(two)
    assert check.score == pytest.approx(0.75)
    assert "RMSE is 4.00, its baseline 3.00: performance 75" in check.sentence
    assert found(check, "bias").detail["share"] == pytest.approx(1 - 7 / 3)
    assert not check.findings.filter(signal="f1_instability").exists()


def test_the_headline_may_be_chosen_on_the_model(source):
    source.model.headline = "catalogue.hit_rate_at_10"
    source.model.save()
    at = today()
    lists(source, at - 30 * HOUR, 50)
    lists(source, at - HOUR, 50, place=5)
    count()
    check = quality(source)
    assert check.sentence.startswith("Hit rate@10 is 1.00")
    assert check.verdict == Verdict.OK


def test_f1_instability_is_that_of_the_hours(source):
    at = today()
    wins = (38, 10, 36, 8, 38, 12)
    for hours, n in enumerate(wins, 2):
        lists(source, at - hours * HOUR, n)
        rows = [row(at - hours * HOUR + dt.timedelta(seconds=3000 + one), items=["x"] * 10,
                    feedback=[{"kind": "click", "item": "y", "value": 1.0}]) for one in range(40 - n)]  # fmt: skip
        put(source, rows)
    lists(source, at - 10 * HOUR, 5)  # too few to count
    count()
    f1 = []
    for n in wins:
        precision, recall = 0.1 * n / 40, n / 40
        f1.append(2 * precision * recall / (precision + recall))
    expected = instability(f1)
    one = found(quality(source), "f1_instability", "cv")
    assert one.value == pytest.approx(expected.cv)
    assert (one.detail["n"], one.detail["unit"]) == (6, "hours")
    assert one.detail["noise_p_value"] < 0.001
    assert one.verdict in (Verdict.WATCH, Verdict.ACT)
    assert [window.labels for window in f1_course([source], "lists", timezone.now()).windows] == [40] * 6


def test_a_shadow_and_another_version_are_not_judged(workspace, source):
    at = today()
    lists(source, at - 30 * HOUR, 50)
    lists(source, at - HOUR, 50)
    shadow = Source.objects.create(
        workspace=workspace, model=source.model, version=source.version, role=Source.As.SHADOW
    )
    lists(shadow, at - HOUR, 50, place=9)
    lists(make_source(workspace, "0.9.0", live=False), at - HOUR, 50, place=9)
    count()
    assert quality(source).score == pytest.approx(1.0)


def test_settings_are_those_of_the_model(workspace, source):
    person = make_member(workspace)
    monitoring_settings.change(source.model, {"minimum_labels": 10, "window_seconds": 7200}, actor=person)
    lists(source, today() - 30 * HOUR, 50)
    rows = [row(timezone.now() - dt.timedelta(minutes=3 + n), items=["i0"], feedback=[
        {"kind": "click", "item": "i0", "value": 1.0}]) for n in range(12)]  # fmt: skip
    put(source, rows)
    count()
    check = quality(source)
    assert "(12 judged lists, last 2 hours)" in check.sentence
    assert check.end - check.start == dt.timedelta(hours=2)
