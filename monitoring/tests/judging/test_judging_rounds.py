"""Rounds of the judge: what is due, what fails alone, two at once, what is kept, and the command."""

from __future__ import annotations

import datetime as dt
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.testing.people import make_workspace
from monitoring import tasks
from monitoring.models import AlertRule, Check, Finding
from monitoring.services import judging
from monitoring.services.scene import Outcome, analysed, in_words
from monitoring.tests.windows_scene import make_source

OK = Outcome("ok", "All is well.", 1.0)


def areas(monkeypatch, **judges):
    """Only these areas, by these functions; alert rules see what they write."""
    monkeypatch.setattr(judging, "AREAS", {Check.Area(name): one for name, one in judges.items()})


def finding(signal="ndcg_at_10"):
    return Finding(signal=signal, statistic="performance", value=1.0, verdict="ok")


@pytest.fixture
def model(db):
    return make_source(make_workspace()).model


def test_an_area_is_judged_when_its_newest_scheduled_check_is_old(model, monkeypatch, settings):
    settings.CHECK_SECONDS = 300
    areas(monkeypatch, quality=lambda scene: Outcome("ok", "Well.", 1.0, [finding()]), cost=lambda scene: None)
    now = timezone.now()
    assert judging.judge_due(now).checks == 1
    assert judging.judge_due(now + dt.timedelta(seconds=299)).checks == 0
    judging.judge(model, Check.Area.QUALITY, now=now + dt.timedelta(seconds=299), through="page")
    assert judging.judge_due(now + dt.timedelta(seconds=301)).checks == 1
    found = Check.objects.filter(through="schedule").order_by("at")
    assert [one.verdict for one in found] == ["ok", "ok"]
    assert [one.findings.count() for one in found] == [1, 1]
    assert AlertRule.objects.filter(model=model, seeded=True).exists()


def test_models_that_nobody_uses_are_left_alone(monkeypatch, db):
    areas(monkeypatch, quality=lambda scene: OK)
    workspace = make_workspace()
    make_model_row(workspace, "Idle")
    archived = make_version_row(workspace, "Gone", "1.0.0")
    make_live(archived)
    archived.model.archived_at = timezone.now()
    archived.model.save()
    assert judging.watched() == []
    assert tasks.judge() == 0


def test_what_fails_in_one_area_or_model_stops_no_other(model, monkeypatch):
    other = make_source(make_workspace()).model

    def breaks(scene):
        if scene.model == model:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return OK

    areas(monkeypatch, drift=breaks, quality=lambda scene: OK)
    done = judging.judge_due()
    assert (done.models, done.checks, done.failed) == (2, 3, 1)
    assert set(Check.objects.values_list("model", "area")) == {
        (model.pk, "quality"), (other.pk, "quality"), (other.pk, "drift"),
    }  # fmt: skip


def test_a_judge_that_fails_half_way_leaves_nothing(model, monkeypatch):
    areas(monkeypatch, quality=lambda scene: Outcome("ok", "Well.", 1.0, [finding(), finding("x" * 201)]))
    assert judging.judge_due().failed == 1
    assert not Check.objects.exists()
    assert not Finding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_judges_at_once_write_one_check(monkeypatch):
    make_source(make_workspace())
    started, go = threading.Event(), threading.Event()
    calls = []

    def slow(scene):
        calls.append(1)
        started.set()
        assert go.wait(60)
        return OK

    areas(monkeypatch, quality=slow)
    found = []

    def run():
        found.append(judging.judge_due())
        connection.close()

    first = threading.Thread(target=run)
    first.start()
    assert started.wait(60)
    second = threading.Thread(target=run)
    second.start()
    second.join(60)
    go.set()
    first.join(60)
    assert sorted(done.checks for done in found) == [0, 1]
    assert (len(calls), Check.objects.count()) == (1, 1)


def test_not_saved_nothing_is_kept_and_the_findings_are_there(model, monkeypatch):
    areas(monkeypatch, quality=lambda scene: Outcome("watch", "Look.", 0.8, [finding()]))
    check = judging.judge(model, Check.Area.QUALITY, save=False)
    assert [one.signal for one in check.found] == ["ndcg_at_10"]
    assert not Check.objects.exists()


def test_old_checks_go_but_the_last_of_each_day_stays(model):
    now = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)

    def put(days, hour, area="quality"):
        at = now - dt.timedelta(days=days, hours=12 - hour)
        check = Check.objects.create(
            model=model, area=area, start=at, end=at, at=at, verdict="ok", sentence=f"{days}/{hour}"
        )
        Finding.objects.create(check_of=check, signal="s", statistic="t", verdict="ok")

    for days in (29, 31, 45):
        for hour in (1, 9, 23):
            put(days, hour)
    put(45, 8, "cost")
    assert judging.drop_old(now) == 4
    kept = set(Check.objects.values_list("area", "sentence"))
    assert kept == {("quality", f"29/{hour}") for hour in (1, 9, 23)} | {
        ("quality", "31/23"), ("quality", "45/23"), ("cost", "45/8"),
    }  # fmt: skip
    assert Finding.objects.count() == len(kept)


def test_the_analysed_stretch_has_borders_of_windows():
    now = timezone.now().replace(minute=31, second=20)
    for seconds, level, count in ((600, 60, 10), (7200, 60, 120), (10_000, 3600, 3), (86400, 3600, 24),
                                  (30 * 86400, 86400, 30)):  # fmt: skip
        found = analysed(seconds, now)
        assert (found.level, len(found.starts)) == (level, count)
        assert found.start.timestamp() % level == 0
        assert found.end - dt.timedelta(seconds=level) <= now < found.end
    assert analysed(3600, now - dt.timedelta(days=5)).level == 3600  # minutes are gone
    assert [in_words(seconds) for seconds in (600, 3600, 5400, 86400, 604800, 61)] == [
        "10 minutes", "1 hour", "90 minutes", "24 hours", "7 days", "61 seconds",
    ]  # fmt: skip


def command(*words):
    out = StringIO()
    call_command("judge_models", *words, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_says_what_it_found(model, monkeypatch):
    areas(monkeypatch, quality=lambda scene: Outcome("watch", f"At {scene.now:%H:%M}.", 0.8), cost=lambda scene: None)
    text = command("--model", model.name, "--at", "2026-05-01T08:30")
    assert "Watch            At 08:30." in text
    assert "does not apply" in text
    check = Check.objects.get()
    assert (check.through, check.at) == ("command", dt.datetime(2026, 5, 1, 8, 30, tzinfo=dt.UTC))
    command("--model", str(model.pk), "--area", "quality", "--dry-run")
    assert Check.objects.count() == 1
    assert "1 models, 1 checks, " in command("--due")


def test_the_command_refuses_what_it_does_not_know(model, monkeypatch):
    for words, said in (
        (("--model", "Nobody"), "No model 'Nobody'"),
        (("--at", "yesterday"), "accepted: a time such as"),
        (("--at", "2999-01-01T00:00"), "lies in the future"),
        (("--due", "--area", "cost"), "does not go with --area"),
        (("--area", "luck"), "invalid choice: 'luck'"),
    ):
        with pytest.raises(CommandError, match=said):
            command(*words)
    areas(monkeypatch, quality=lambda scene: 1 / 0)
    with pytest.raises(CommandError, match="1 could not be judged"):
        command("--model", model.name)
