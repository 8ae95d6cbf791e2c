"""What the Drift tab reads of checks: which check, signals by severity, their course, histograms."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from monitoring.models import Check, Finding
from monitoring.selectors import drift
from monitoring.selectors.windows import period
from monitoring.services import monitoring_settings
from monitoring.stats.verdicts import judge
from monitoring.tests.drift_pages.scene import categorical, make_check, make_reference, numeric, share

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def newest(version, name="24h", **times):
    return drift.newest(version.model, period(name, **times), monitoring_settings.of(version.model))


def test_signals_stand_by_severity_and_those_not_judged_come_last(version):
    signals = [
        numeric("still"),
        numeric("few", n=100),
        numeric("little", 0.3),
        numeric("much", 1.5),
        categorical("moved", 0.2),
    ]
    make_check(version, signals)
    found = newest(version)
    expected = {one.name: one for one in judge(signals)}
    severities = [one.severity for one in found.signals]
    assert severities == sorted(severities, reverse=True)
    assert [one.severity for one in found.signals] == pytest.approx([expected[s.name].severity for s in found.signals])
    assert found.signals[-1].name == "few"
    assert found.signals[-2].name == "still"
    assert {one.name for one in found.moved} == {"little", "much", "moved"}
    assert (len(found.judged), found.unjudged) == (4, 1)
    assert found.signal("few").why == "Too few predictions to judge."
    assert found.signal("much").why == ""


def test_the_figure_that_decides_is_the_judges(version):
    signal = numeric("scores", 1.0)
    make_check(version, [signal])
    (shown,) = newest(version).signals
    (judged,) = judge([signal])
    assert shown.title == "Score of the first item"
    assert shown.decided.name == judged.decided_by.statistic
    assert shown.decided.value == pytest.approx(judged.decided_by.value)
    assert shown.decided.adjusted_p == pytest.approx(judged.decided_by.adjusted_p)
    assert shown.decided.ratio == pytest.approx(judged.decided_by.ratio)
    assert {one.name for one in shown.statistics} == {one.statistic for one in judged.figures}
    assert shown.statistics[0].decides
    assert shown.decided.bar == 1.0
    assert (shown.decided.reference_size, shown.decided.current_size) == (5000, 5000)


def test_the_course_is_that_of_the_statistic_that_decides_now_a_gap_where_it_was_not_known(version):
    now = timezone.now()
    old = make_check(version, [share("new_users", 0.1, 0.1)], at=now - 3 * HOUR)
    make_check(version, [numeric("scores")], at=now - 2 * HOUR)
    make_check(version, [share("new_users", 0.1, 0.3)], at=now - HOUR / 6)
    found = newest(version)
    (signal,) = found.signals
    before = Finding.objects.get(check_of=old, statistic=signal.decided.name).value
    assert signal.course == (before, None, signal.decided.value)
    assert [one.at for one in found.course] == sorted(one.at for one in found.course)


def test_of_a_long_period_the_course_has_a_point_an_interval_the_last_of_each(version):
    now = timezone.now()
    Check.objects.bulk_create(
        Check(model=version.model, area="drift", verdict="ok", score=number / 400, at=now - number * HOUR / 6,
              start=now - HOUR, end=now)
        for number in range(400)
    )  # fmt: skip
    found = newest(version, "7d")
    assert len(found.course) <= 48
    assert found.course[-1].score == 0
    inside = [one.at for one in found.course]
    assert min(inside) >= period("7d").start


def test_a_check_of_another_stretch_is_passed_over_unless_there_is_no_other(version):
    now = timezone.now()
    asked = make_check(version, [numeric("scores")], at=now, window=period("1h"), through="page")
    assert newest(version).check == asked
    usual = make_check(version, [numeric("scores", 1.0)], at=now - HOUR)
    assert newest(version).check == usual
    by_hand = make_check(version, [numeric("scores")], at=now - HOUR / 2, through="page")
    assert newest(version).check == by_hand


def test_a_period_of_the_past_shows_the_check_of_its_end(version):
    now = timezone.now()
    old = make_check(version, [numeric("scores")], at=now - dt.timedelta(days=3))
    make_check(version, [numeric("scores")], at=now)
    day = (now - dt.timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    assert newest(version, start=(now - dt.timedelta(days=4)).strftime("%Y-%m-%dT%H:%M"), end=day).check == old
    assert newest(version, start="2020-01-01", end="2020-01-02") is None


def test_histograms_are_those_of_the_finding_that_decides(version):
    signal = categorical("feature.genre", 0.2)
    check = make_check(version, [signal, numeric("few", n=0)])
    shares = drift.shares_of(check, "feature.genre")
    assert shares.labels == signal.bins.labels
    assert sum(shares.current) == pytest.approx(1)
    assert sum(shares.reference) == pytest.approx(1)
    assert shares.current[shares.labels.index("unseen")] == pytest.approx(0.2, abs=0.03)
    assert drift.shares_of(check, "few") is None
    assert drift.shares_of(check, "nothing") is None


@pytest.mark.parametrize(
    "detail",
    [{"labels": ["a"], "reference": [0.1, 0.9], "current": [1.0]}, {"labels": [], "reference": [], "current": []}],
)
def test_histograms_that_do_not_fit_together_are_none(version, detail):
    check = make_check(version, [])
    Finding.objects.create(check_of=check, signal="odd", statistic="ks", verdict="ok", detail=detail)
    assert drift.shares_of(check, "odd") is None
    assert drift.signals_of(check)[0].decided.name == "ks"


def test_a_check_that_is_not_saved_is_shown_alike(version):
    signals = [numeric("still"), categorical("moved", 0.2)]
    saved = make_check(version, signals, reference=make_reference(version))
    unsaved = Check(model=version.model, area="drift", at=saved.at, start=saved.start, end=saved.end)
    unsaved.found = list(Finding.objects.filter(check_of=saved))
    assert drift.signals_of(unsaved) == drift.signals_of(saved)
    assert drift.shares_of(unsaved, "moved") == drift.shares_of(saved, "moved")


def test_how_many_predictions_are_missing_is_said_of_the_signal_that_has_most(version):
    make_check(version, [numeric("few", n=100), numeric("fewer", n=30)])
    found = newest(version)
    assert found.verdict == "not_enough"
    assert (found.sample, found.missing, found.progress) == (100, 400, 0.2)
