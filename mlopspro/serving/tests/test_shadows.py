"""Shadows are asked and logged aside, shown to nobody, and dropped and counted where too many wait."""

from __future__ import annotations

import threading

import pytest

from experiments.services import traffic
from experiments.services.serving_files import catalogue_of
from experiments.tests.registered import make_version
from mlopspro.serving import shadows
from mlopspro.serving.answers import recommend
from mlopspro.serving.tests.conftest import live_version, logged, put_live
from monitoring.models import LogLoss


@pytest.fixture
def shadowed(workspace):
    live = live_version(workspace)
    other = put_live(make_version(workspace, "Films", architecture="ease"), "staging")
    traffic.deploy(other, role="shadow", share=1.0, actor=None)
    return live, other


def test_a_shadow_is_logged_and_shown_to_nobody(workspace, shadowed):
    live, other = shadowed
    user = catalogue_of(live).examples(1)[0]
    found = recommend(workspace, user, n=5)
    assert (found.version, found.variant) == (live.number, "champion")
    shadows.settle()
    answered = {entry["role"]: entry for entry in logged(workspace)}
    assert set(answered) == {"champion", "shadow"}
    assert answered["champion"]["id"] == str(found.prediction_id) != answered["shadow"]["id"]
    assert answered["shadow"]["user"] == user
    assert len(answered["shadow"]["items"]) == 5
    assert other.number not in (found.version,)


def test_too_many_notes_are_dropped_and_counted_and_nobody_waits(workspace):
    before = sum(LogLoss.objects.filter(workspace=workspace).values_list("count", flat=True))
    going, go = threading.Event(), threading.Event()

    def slow(at):
        going.set()
        go.wait(30)

    assert shadows.ask(workspace, slow)
    assert going.wait(10)
    taken = [shadows.ask(workspace, lambda at: None) for _ in range(shadows.WAITING + 7)]
    assert taken.count(False) == 7
    go.set()
    shadows.settle()
    counted = LogLoss.objects.get(workspace=workspace, reason=LogLoss.Reason.DROPPED_SHADOW)
    assert counted.count - before == 7
