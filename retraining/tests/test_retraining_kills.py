"""Killed anywhere, driven by two at once, begun a hundred times: one dataset, one run, one version, one promotion."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import close_old_connections, connection

from experiments.models import Dataset, DatasetImport, Deployment, Experiment, ModelVersion, StageChange
from experiments.services.deployments import champion
from experiments.services.spec import Refused
from mlopspro.testing.people import make_workspace
from retraining.models import Retraining
from retraining.services import composing, driver, retrainings, steps
from retraining.tests.retrain_scene import PLAN, at_gate, judged_scene, move_taste, scene, serve, work


class Killed(BaseException):
    """Nothing of ours catches it, as nothing catches a kill."""


WRITES = ("INSERT", "UPDATE", "DELETE")


@contextmanager
def killed_at(number: int):
    """Kills before the ``number``-th write to retraining's tables: in each transaction that is before its first and
    its last one, and so also right after the transaction before it."""
    seen: list[str] = []

    def wrapper(execute, sql, params, many, context):
        if sql.startswith(WRITES) and '"retraining_' in sql:
            seen.append(sql)
            if len(seen) == number:
                raise Killed
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield


def advance_killed_everywhere(row):
    """One advance that is killed before its first write, then before its second, until it gets through."""
    kills = 0
    for number in range(1, 200):
        with killed_at(number):
            try:
                return driver.advance(row), kills
            except Killed:
                kills += 1
    raise AssertionError("it never gets through")


def test_killed_before_each_write_of_its_own_it_ends_the_same_and_nothing_is_done_twice(db):
    here = scene(make_workspace())
    move_taste(here)
    row = retrainings.begin(here.model, through="command", plan=PLAN)
    kills = 0
    while row.ended_at is None:
        row, more = advance_killed_everywhere(row)
        kills += more
        if row.state == "canary":
            serve(here, row)
        work()
    assert kills > 20
    assert row.state == "promoted", row.sentence
    assert champion(here.model) == row.version
    assert Dataset.objects.count() == 2
    assert Experiment.objects.filter(tags__contains=["retraining"]).count() == 2, "a training and an evaluation"
    assert ModelVersion.objects.count() == 2
    assert StageChange.objects.filter(version=row.version).count() == 3, "registered, staging, production"
    assert Deployment.objects.filter(version=row.version).count() == 4, "three steps and production"
    assert [one.number for one in row.steps.all()] == list(range(1, 9))
    assert set(row.steps.values_list("state", flat=True)) == {"done"}
    assert not Retraining.objects.exclude(pk=row.pk).exists()


@pytest.mark.parametrize("after", ["stage", "register"])
def test_killed_after_what_no_transaction_holds(db, monkeypatch, after):
    """Files of the data are staged, or the version is there, and the row does not say so yet."""
    from experiments.services import composed_data, registry

    here = scene(make_workspace())
    move_taste(here)
    row = retrainings.begin(here.model, through="command", plan=PLAN)
    owner = {"stage": composed_data, "register": registry}[after]
    real = getattr(owner, after)

    def killed(*given, **more):
        real(*given, **more)
        raise Killed

    monkeypatch.setattr(owner, after, killed)
    for _ in range(6):
        try:
            row = driver.advance(row)
        except Killed:
            monkeypatch.setattr(owner, after, real)
        work()
        row = steps.fetched(row.pk)
        if row.state == "gate":
            break
    assert row.state == "gate", row.sentence
    assert (Dataset.objects.count(), ModelVersion.objects.count()) == (2, 2)


def test_stopped_while_its_data_is_put_together_leaves_nothing_behind(db, monkeypatch):
    here = scene(make_workspace())
    move_taste(here)
    row = retrainings.begin(here.model, through="command", plan=PLAN)
    real = composing.compose

    def stopped_meanwhile(*given):
        retrainings.stop(row, actor=None)
        return real(*given)

    monkeypatch.setattr(composing, "compose", stopped_meanwhile)
    assert driver.advance(row).state == "stopped"
    assert not DatasetImport.objects.filter(pk=composing.import_id(row.pk)).exists()
    assert not (Path(settings.DATA_ROOT) / "imports" / composing.import_id(row.pk).hex).exists()


def test_an_error_that_nobody_foresaw_is_tried_again_and_then_said(db, monkeypatch):
    here = judged_scene(make_workspace())
    row = at_gate(here, retrainings.begin(here.model, through="command", plan=PLAN))

    def broken(*_):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setitem(driver._STAGES, "gate", broken)
    for _ in range(driver.MOST_ATTEMPTS - 1):
        row = driver.advance(row)
        assert row.state == "gate"
    row = driver.advance(row)
    assert row.state == "failed"
    assert "a bug of ours" in row.sentence
    assert champion(here.model) == here.base


def in_threads(number, act):
    """Results and errors of ``act`` called at once by so many threads with connections of their own."""
    barrier = threading.Barrier(number)

    def one(place):
        close_old_connections()
        try:
            barrier.wait()
            return act(place)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


@pytest.mark.django_db(transaction=True)
def test_a_hundred_begin_at_once_and_one_does():
    here = judged_scene(make_workspace())

    def ten(_):
        found = []
        for _ in range(10):
            try:
                found.append(retrainings.begin(here.model, through="command"))
            except Refused as error:
                found.append(str(error))
        return found

    found = [one for many in in_threads(10, ten) for one in many]
    assert len(found) == 100
    assert sum(isinstance(one, Retraining) for one in found) == 1
    assert {one for one in found if isinstance(one, str)} == {
        "model: a retraining of films is under way; accepted: one at a time"
    }
    assert Retraining.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_drivers_at_once_do_each_step_once():
    here = judged_scene(make_workspace())
    row = at_gate(here, retrainings.begin(here.model, through="command", plan=PLAN))
    while row.ended_at is None:
        errors = [one for one in in_threads(3, lambda _, row=row: driver.advance(row)) if isinstance(one, Exception)]
        assert errors == []
        row = steps.fetched(row.pk)
        if row.state == "canary":
            serve(here, row)
    assert row.state == "promoted", row.sentence
    assert list(row.steps.values_list("kind", flat=True)) == ["gate", "canary", "canary", "canary", "promote"]
    assert Deployment.objects.filter(version=row.version, role="challenger").count() == 3
    assert StageChange.objects.filter(version=row.version, to_stage="production").count() == 1
