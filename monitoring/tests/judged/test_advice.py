"""The decision table of the fourth tile, and the scale of the first: the first rule that fits speaks."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from monitoring.stats.advice import RULES, Facts, advise
from monitoring.stats.standing import Status, status_of

WELL = Facts(freshness="ok", quality="ok", cost="ok", drift="ok", data="ok", labels=2000, labels_needed=200)

TABLE = [
    ({}, "nothing", ""),
    ({"is_live": False, "answers": False}, "promote", "promote"),
    ({"is_live": False}, "nothing", ""),  # served elsewhere
    ({"is_late": True}, "late", "health"),
    ({"freshness": "act"}, "silent", "traffic"),
    ({"freshness": "watch"}, "nothing", ""),
    ({"data": "act", "broken": "age is missing"}, "input", "data"),
    ({"data": "watch", "broken": "age is missing"}, "data_watch", "data"),
    ({"quality": "act"}, "retrain", "retrain"),
    ({"quality": "act", "moved": "Exposure"}, "retrain", "retrain"),
    ({"quality": "act", "deployed": "1.3.0"}, "roll_back", "roll_back"),
    ({"quality": "ok", "deployed": "1.3.0"}, "nothing", ""),
    ({"quality": "act", "segment": "new users"}, "segment", "quality"),
    ({"quality": "watch"}, "investigate", "quality"),
    ({"quality": "watch", "segment": "new users"}, "investigate", "quality"),
    ({"cost": "act"}, "cost", "cost"),
    ({"cost": "watch", "best_length": 5}, "shorten", "cost"),
    ({"cost": "ok", "best_length": 5}, "nothing", ""),
    ({"drift": "act"}, "drift_act", "retrain"),
    ({"drift": "watch"}, "drift_watch", "drift"),
    ({"quality": "not_enough", "labels": 48}, "labels", "feedback"),
    ({"quality": None, "labels": None}, "labels", "feedback"),
    ({"quality": "not_enough", "answers": False, "labels": 0}, "nothing", ""),
    ({"quality": "not_enough", "labels": 2000}, "baseline", "quality"),
    ({"drift": "not_enough", "has_reference": False, "can_pin": True}, "pin", "drift"),
    ({"drift": "not_enough", "has_reference": False}, "nothing", ""),
    ({"drift": "not_enough"}, "nothing", ""),
    ({"training_is_old": True}, "newer_data", "retrain"),
    # What comes first where several fit.
    ({"is_late": True, "freshness": "act", "data": "act", "quality": "act"}, "late", "health"),
    ({"freshness": "act", "data": "act", "quality": "act"}, "silent", "traffic"),
    ({"data": "act", "quality": "act", "drift": "act"}, "input", "data"),
    ({"quality": "act", "deployed": "2.0.0", "segment": "new users"}, "roll_back", "roll_back"),
    ({"quality": "act", "cost": "act", "drift": "act"}, "retrain", "retrain"),
    ({"quality": "watch", "cost": "act"}, "investigate", "quality"),
    ({"cost": "act", "drift": "act"}, "cost", "cost"),
    ({"drift": "act", "quality": "not_enough", "labels": 3}, "drift_act", "retrain"),
    ({"quality": "not_enough", "labels": 3, "data": "watch"}, "labels", "feedback"),
]


@pytest.mark.parametrize(("changes", "code", "action"), TABLE)
def test_the_table(changes, code, action):
    found = advise(dataclasses.replace(WELL, **changes))
    assert (found.code, found.action) == (code, action)
    assert found.sentence.endswith(".")


def test_every_rule_is_in_the_table():
    assert {rule.code for rule in RULES} == {code for _, code, _ in TABLE}


def test_every_combination_has_an_answer_and_only_health_says_nothing():
    verdicts = (None, "ok", "watch", "act", "not_enough")
    for quality, cost, drift, data in itertools.product(verdicts, repeat=4):
        facts = dataclasses.replace(WELL, quality=quality, cost=cost, drift=drift, data=data)
        found = advise(facts)
        if found.is_nothing:
            assert not {"watch", "act"} & {quality, cost, drift, data}
            assert quality == "ok"


def test_sentences_say_what_is_known():
    assert "152 more labels (48 of 200)" in advise(dataclasses.replace(WELL, quality="not_enough", labels=48)).sentence
    assert "1.3.0 went live" in advise(dataclasses.replace(WELL, quality="act", deployed="1.3.0")).sentence
    assert "lists of 5" in advise(dataclasses.replace(WELL, cost="act", best_length=5)).sentence
    assert "and Exposure moved" in advise(dataclasses.replace(WELL, quality="act", moved="Exposure")).sentence


@pytest.mark.parametrize(
    ("quality", "freshness", "status"),
    [
        ("ok", "ok", Status.HEALTHY),
        ("ok", None, Status.HEALTHY),
        ("ok", "watch", Status.HEALTHY),
        ("watch", "ok", Status.WATCH),
        ("act", "ok", Status.DEGRADED),
        ("not_enough", "ok", Status.NOT_ENOUGH),
        (None, "ok", Status.NOT_ENOUGH),
        (None, None, Status.NOT_ENOUGH),
        ("ok", "act", Status.STALE),
        ("act", "act", Status.STALE),
        (None, "act", Status.STALE),
    ],
)
def test_the_scale(quality, freshness, status):
    assert status_of(quality, freshness) is status


def test_whatever_is_not_known_is_never_healthy():
    for quality, freshness in itertools.product((None, "not_enough", "watch", "act"), (None, "ok", "not_enough")):
        assert status_of(quality, freshness) is not Status.HEALTHY


def test_degraded_is_looked_at_first_and_healthy_last():
    order = sorted(Status, key=lambda one: -one.severity)
    assert order[0] is Status.DEGRADED
    assert order[-1] is Status.HEALTHY
