"""Windows are a function of the log: exact, repeatable, whole after any cut, and changed only where rows came."""

from __future__ import annotations

import datetime as dt
import itertools
import threading

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import StaleMinute, Window
from monitoring.selectors.windows import cover, period, series, total
from monitoring.services import partitions, window_writes, windows
from monitoring.summaries import distinct, judged, top
from monitoring.tests.windows_scene import NOON, expected, make_source, put, react, row, stored

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def source():
    return make_source(make_workspace())


def some_rows(count=90, start=NOON, every=50.0, seed=1):
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        items = [f"i{n}" for n in random.permutation(20)[:10]]
        given = [{"kind": "rating", "item": items[0], "value": float(random.integers(1, 6))}] if number % 3 else []
        rows.append(
            row(
                start + dt.timedelta(seconds=every * number),
                user=f"u{number % 11}",
                history=int(random.integers(0, 40)),
                items=items,
                confidence=float(random.random()),
                latency_ms=float(random.lognormal()),
                error="broken" if number % 17 == 0 else "",
                feedback=given,
            )
        )
    return rows


def everything():
    return list(
        Window.objects.order_by("source", "level", "start").values_list(
            "source", "level", "start", "state", "predictions", "errors", "labelled", "summary", "revision"
        )
    )


def test_every_window_says_what_brute_force_says(source):
    rows = put(source, some_rows())
    windows.refresh()
    for level in (MINUTE, HOUR, DAY):
        by_start = {}
        for one in rows:
            by_start.setdefault(window_writes.floor(one["at"], level), []).append(one)
        found = stored(source, level)
        assert found.keys() == by_start.keys()
        for start, members in by_start.items():
            window, true = found[start], expected(members)
            assert window.predictions == len(members)
            assert window.errors == sum(bool(one["error"]) for one in members)
            assert window.labelled == sum(bool(one["feedback"]) for one in members)
            assert window.state == Window.State.CLOSED
            assert window.summary["counts"] == true["counts"]
            assert window.summary["latency"]["bins"] == true["latency"]["bins"]
            assert distinct.estimate(window.summary["users"]) == distinct.estimate(true["users"])
            assert top.most(window.summary["top_items"], 20) == top.most(true["top_items"], 20)
            assert judged.whole(window.summary["judged"]) == pytest.approx(judged.whole(true["judged"]))
    assert not StaleMinute.objects.exists()


def test_the_whole_of_a_period_is_that_of_its_rows_whichever_windows_make_it_up(source):
    rows = put(source, some_rows(200, NOON - dt.timedelta(hours=2), 600))
    windows.refresh()
    for start, end in (
        (NOON - dt.timedelta(hours=1), NOON + dt.timedelta(hours=20)),
        (NOON, NOON + dt.timedelta(minutes=75)),
        (NOON - dt.timedelta(days=3), NOON + dt.timedelta(days=1, hours=11)),
    ):
        chosen = period(start=start, end=end)
        inside = [one for one in rows if chosen.start <= one["at"] < chosen.end]
        whole = total([source], chosen)
        assert whole.predictions == len(inside) == sum(point.predictions for point in series([source], chosen))
        assert whole.summary["counts"] == expected(inside)["counts"]
        assert whole.users == distinct.estimate(expected(inside)["users"])


def test_a_cover_has_no_gap_and_no_overlap():
    now = dt.datetime(2026, 3, 5, 14, 37, tzinfo=dt.UTC)
    for chosen in [period(name, now=now) for name in ("1h", "24h", "7d", "30d")]:
        parts = cover(chosen)
        assert parts[0][1] == chosen.start
        assert parts[-1][2] == chosen.end
        assert all(one[2] == two[1] for one, two in itertools.pairwise(parts))
        assert sum((end - start).total_seconds() / level for level, start, end in parts) <= 60


def test_computing_again_changes_nothing(source):
    put(source, some_rows())
    windows.refresh()
    before = everything()
    windows.refresh()
    done = windows.recompute(source, NOON, NOON + dt.timedelta(hours=2))
    assert done.rows == 90
    assert everything() == before


def test_late_feedback_changes_its_own_windows_alone(source):
    rows = put(source, some_rows())
    windows.refresh()
    before = {one[1:3]: one for one in everything()}
    late = rows[3]
    react(source, late, "click", late["items"][1], later=3600)
    windows.refresh()
    after = {one[1:3]: one for one in everything()}
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {(level, window_writes.floor(late["at"], level)) for level in (MINUTE, HOUR, DAY)}
    for key in changed:
        assert after[key][-1] == before[key][-1] + 1  # its revision
        assert after[key][6] == before[key][6] + (not late["feedback"])


def test_of_contradictory_feedback_the_latest_counts(source):
    (one,) = put(source, [row(NOON)])
    react(source, one, "rating", "a", 5.0, later=20)
    react(source, one, "rating", "a", 1.0, later=10)
    windows.refresh()
    sums = judged.whole(stored(source, MINUTE)[NOON].summary["judged"])
    assert (sums["tp"], sums["fp"]) == (1, 0)
    react(source, one, "rating", "a", 2.0, later=30)
    windows.refresh()
    sums = judged.whole(stored(source, MINUTE)[NOON].summary["judged"])
    assert (sums["tp"], sums["fp"]) == (0, 1)


def test_words_of_any_kind_come_through(source):
    odd = ["a,b", 'c"d', "e\nf", "g\x1fh", "", "ü", "{x}", "NULL"]
    put(source, [row(NOON, user='u"1,\n', items=odd), row(NOON, user="", items=[])])
    windows.refresh()
    counts = stored(source, MINUTE)[NOON].summary
    assert counts["counts"]["lengths"] == {"0": 1, "8": 1}
    assert {one.word for one in top.most(counts["top_items"], 20)} == {"a,b", 'c"d', "e\nf", "g h", "ü", "{x}", "NULL"}
    assert [one.word for one in top.most(counts["top_users"], 20)] == ['u"1,\n']


def test_a_cut_in_between_leaves_all_or_nothing(source, monkeypatch):
    put(source, some_rows())
    whole = window_writes.Writer.day

    def cut(self, start):
        whole(self, start)
        raise KeyboardInterrupt

    monkeypatch.setattr(window_writes.Writer, "day", cut)
    with pytest.raises(KeyboardInterrupt):
        windows.refresh()
    monkeypatch.undo()
    waiting = windows.stale_minutes()
    assert (Window.objects.count() == 0) == (waiting > 0)
    windows.refresh()
    assert sum(one.predictions for one in stored(source, DAY).values()) == 90
    assert windows.stale_minutes() == 0


def test_a_minute_that_is_still_going_on_is_not_computed_again_at_once(source):
    now = timezone.now()
    put(source, [row(now)])
    windows.refresh()
    put(source, [row(now)])
    assert windows.refresh().left == 1
    assert windows.refresh(busy_pause=0).left == 0
    assert sum(one.predictions for one in stored(source, HOUR).values()) == 2
    assert {one.state for one in stored(source, DAY).values()} == {Window.State.OPEN}


def test_an_open_window_closes_when_its_grace_is_over(source):
    put(source, [row(NOON)])
    windows.refresh()
    Window.objects.update(state=Window.State.OPEN)
    windows.refresh()
    assert set(Window.objects.values_list("state", flat=True)) == {Window.State.CLOSED}


def test_hours_are_computed_from_the_log_where_minutes_are_no_longer_kept(source, settings):
    old = NOON - dt.timedelta(days=5)
    rows = put(source, some_rows(40, old))
    windows.refresh()
    assert stored(source, MINUTE) == {}
    assert stored(source, HOUR)[old].summary["counts"] == expected(rows)["counts"]
    assert stored(source, DAY)[old - dt.timedelta(hours=12)].predictions == 40
    late = rows[0]
    react(source, late, "click", late["items"][1])
    windows.refresh()
    assert stored(source, HOUR)[old].revision == 2


def test_old_minutes_leave_and_what_is_above_them_stays(source, settings):
    put(source, some_rows(40))
    windows.refresh()
    later = timezone.now() + dt.timedelta(days=settings.LOG_MINUTES_KEEP_DAYS + 3)
    assert windows.drop_old(later) > 0
    assert stored(source, MINUTE) == {}
    assert len(stored(source, HOUR)) == 1
    windows.drop_old(later + dt.timedelta(days=settings.LOG_HOURS_KEEP_DAYS))
    assert stored(source, HOUR) == {}
    assert len(stored(source, DAY)) == 1


def test_windows_of_a_day_that_left_the_log_stay_as_they_are(source):
    rows = put(source, some_rows(10))
    windows.refresh()
    before = everything()
    with connection.cursor() as cursor:
        for parent in partitions.PARENTS:
            cursor.execute(f"DROP TABLE {partitions.name_of(parent, NOON.date())}")
    partitions.forget()
    StaleMinute.objects.create(source=source, minute=NOON)
    assert windows.refresh().left == 0
    assert windows.recompute(source, NOON, NOON + dt.timedelta(hours=1)).missing == [NOON.date()]
    assert everything() == before
    assert rows


def test_the_command_repairs_windows(source, capsys):
    put(source, some_rows(30))
    windows.refresh()
    before = [one[:-1] for one in everything()]
    Window.objects.update(predictions=7, summary={})
    call_command("recompute_windows", "Films", "--from", f"{NOON:%Y-%m-%dT%H:%M}", "--to", f"{NOON:%Y-%m-%dT%H}:59",
                 workspace=source.workspace.slug)  # fmt: skip
    assert [one[:-1] for one in everything()] == before
    assert "30 rows" in capsys.readouterr().out
    with pytest.raises(CommandError, match="No model 'Nobody'"):
        call_command("recompute_windows", "Nobody", "--from", "2026-01-01")


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_a_writer_at_once_count_everything_once():
    source = make_source(make_workspace())
    rows = some_rows(120, every=30)
    failures = []

    def work(act):
        try:
            for _ in range(6):
                act()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    parts = iter([rows[at : at + 20] for at in range(0, 120, 20)])
    threads = [threading.Thread(target=work, args=(windows.refresh,)) for _ in range(2)]
    threads.append(threading.Thread(target=work, args=(lambda: put(source, next(parts)),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    windows.refresh()
    assert stored(source, DAY)[NOON - dt.timedelta(hours=12)].summary["counts"] == expected(rows)["counts"]
    assert sum(one.predictions for one in stored(source, MINUTE).values()) == 120
    assert windows.stale_minutes() == 0
