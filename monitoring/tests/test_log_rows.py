"""Writing predictions: every field as it was, each row once, minutes noted, whatever is sent twice or at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import Prediction, StaleMinute
from monitoring.services import partitions
from monitoring.services.log_rows import LoggedPrediction, Written, write_predictions
from monitoring.services.prediction_ids import day_of, id_of_key, new_id
from monitoring.tests.logged import entry, log, make_source

NASTY = "a\tb\nc\\d\"e'f,{g}\r\\N NULL é 語 \U0001f600"


@pytest.fixture
def source(db):
    return make_source(make_workspace())


def test_every_field_comes_back_as_it_was(source):
    at = timezone.now()
    rows = [
        entry(
            source, at, key=NASTY, user=NASTY, history=3, fallback=True, items=[NASTY, "", "NULL", "2"],
            scores=[1e-300, 0.1, -0.0, 1 / 3], propensities=[0.1, 0.2, 0.3, 0.4], value=-2.5e10, label=NASTY,
            confidence=1.0, features={NASTY: NASTY, "n": 0.1, "none": None, "list": [1, "x"]}, input_size=4,
            latency_ms=0.1, error=NASTY,
        ),
        LoggedPrediction(id=new_id(at), at=at, source_id=source.pk),
        LoggedPrediction(id=new_id(at), at=at, source_id=source.pk, items=[], scores=[]),
    ]  # fmt: skip
    assert write_predictions(rows) == Written(3, 0)
    for row in rows:
        stored = Prediction.objects.get(pk=row.id)
        assert {field.name: getattr(stored, field.name) for field in dataclasses.fields(row)} == dataclasses.asdict(row)
        assert stored.day == at.date()


def test_a_batch_sent_twice_is_in_the_log_once(source):
    rows = log(source, 50)
    more = [entry(source) for _ in range(5)]
    StaleMinute.objects.all().delete()
    assert write_predictions(rows) == Written(0, 50)
    assert not StaleMinute.objects.exists(), "nothing changed, so no window is stale"
    assert write_predictions([*rows, *more, more[0]]) == Written(5, 51)
    assert Prediction.objects.count() == 55


def test_a_time_in_another_zone_stands_in_its_utc_day(source):
    zone = dt.timezone(dt.timedelta(hours=-9))
    at = dt.datetime.combine(timezone.now().date(), dt.time(20), zone) - dt.timedelta(days=3)
    [row] = log(source, at=at)
    assert Prediction.objects.get(pk=row.id).day == at.astimezone(dt.UTC).date() == day_of(row.id)


def test_minutes_are_noted_once_each(source):
    start = (timezone.now() - dt.timedelta(hours=1)).replace(second=58, microsecond=0)
    other = make_source(source.workspace, "another")
    write_predictions([entry(one, start + dt.timedelta(seconds=i)) for one in (source, other) for i in range(6)])
    first = start.replace(second=0)
    expected = {(one.pk, first + dt.timedelta(minutes=i)) for one in (source, other) for i in (0, 1)}
    noted = list(StaleMinute.objects.values_list("source_id", "minute"))
    assert set(noted) == expected
    assert len(noted) == 4


def test_ids_sort_by_time_and_tell_their_day():
    start = dt.datetime(2026, 11, 20, 23, 59, 59, 999_000, dt.UTC)
    times = [start + dt.timedelta(microseconds=100 * i) for i in range(30)]
    ids = [new_id(at) for at in times]
    assert ids == sorted(ids)
    assert [day_of(one) for one in ids] == [at.date() for at in times]
    assert {one.variant for one in ids} == {uuid.RFC_4122}
    assert {one.version for one in ids} == {7}
    model = uuid.uuid4()
    assert id_of_key(model, "k") == uuid.uuid5(model, "k") != id_of_key(uuid.uuid4(), "k")
    assert day_of(id_of_key(model, "k")) is None


def test_a_day_is_made_once_and_dropped_whole(db):
    day = dt.date(2031, 5, 6)
    partitions.ensure([day])
    partitions.ensure([day, dt.date(2031, 5, 7)])
    assert {day, dt.date(2031, 5, 7)} <= set(partitions.existing())
    assert partitions.drop(day)
    assert day not in partitions.existing()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('monitoring_feedback_20310506')")
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db(transaction=True)
def test_overlapping_batches_of_many_writers_are_each_row_once_on_a_new_day():
    source = make_source(make_workspace())
    at = timezone.now() - dt.timedelta(days=2)
    partitions.drop(at.date())
    rows = [entry(source, at + dt.timedelta(milliseconds=i)) for i in range(400)]
    written: list[Written] = []

    def write(seed: int) -> None:
        try:
            for start in range(0, 400, 100):
                part = rows[start : start + 200]
                written.append(write_predictions(part[::-1] if seed % 2 else part))
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 16
    assert sum(one.inserted for one in written) == 400
    assert Prediction.objects.filter(source_id=source.pk).count() == 400
