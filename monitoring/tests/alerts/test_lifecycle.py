"""The life of an alert: a table of decisions, and what holds for every course of readings."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from monitoring.alerts.lifecycle import RETURNS_WITHIN, Grade, Life, Read, Step, Streak, Terms, grade, step

T0 = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
BELOW = Terms("below", 0.85, 0.87)
ABOVE = Terms("above", 0.30, 0.25, for_checks=2, minimum_sample=100)


def at(minutes: float) -> dt.datetime:
    return T0 + minutes * MINUTE


class Rule:
    """Plays readings through the machine as the evaluation does, and keeps the one alert."""

    def __init__(self, terms: Terms) -> None:
        self.terms, self.streak, self.life = terms, Streak(), None
        self.log: list[tuple[float, Step]] = []
        self.alerts = 0

    def see(self, minute: float, value: float | None, sample: int | None = 1000, reading_at: float | None = None):
        now = at(minute)
        read = Read(value, sample, at(minute if reading_at is None else reading_at))
        moved = step(self.terms, self.streak, self.life, read, now)
        self.streak = moved.streak
        for one in moved.steps:
            self.apply(one, now)
            self.log.append((minute, one))
        return moved

    def apply(self, one: Step, now: dt.datetime) -> None:
        if one is Step.OPEN:
            assert self.life is None or not self.life.is_live, "a second alert while one is live"
            self.life, self.alerts = Life("open"), self.alerts + 1
        elif one is Step.RETURN:
            assert not self.life.is_live
            self.life = Life("open", self.life.occurrences + 1)
        elif one is Step.RESOLVE:
            assert self.life.is_live
            self.life = replace(self.life, state="resolved", resolved_at=now, snoozed_until=None)
        elif one is Step.WAKE:
            assert self.life.state == "snoozed"
            self.life = replace(self.life, state="open", snoozed_until=None)

    def told(self) -> list[tuple[float, str]]:
        return [(minute, one.value) for minute, one in self.log if one is not Step.SEEN]


@pytest.mark.parametrize(
    ("terms", "read", "expected"),
    [
        (BELOW, Read(0.80), Grade.BAD),
        (BELOW, Read(0.85), Grade.BETWEEN),
        (BELOW, Read(0.86), Grade.BETWEEN),
        (BELOW, Read(0.87), Grade.GOOD),
        (BELOW, Read(None), Grade.MISSING),
        (BELOW, Read(float("nan")), Grade.MISSING),
        (BELOW, Read(float("-inf")), Grade.MISSING),
        (ABOVE, Read(0.31, 100), Grade.BAD),
        (ABOVE, Read(0.31, 99), Grade.MISSING),
        (ABOVE, Read(0.01, 99), Grade.MISSING),
        (ABOVE, Read(0.31, None), Grade.BAD),
        (ABOVE, Read(0.30, 100), Grade.BETWEEN),
        (ABOVE, Read(0.25, 100), Grade.GOOD),
        (replace(ABOVE, clear_at=None), Read(0.30, 100), Grade.GOOD),
        (replace(ABOVE, inclusive=True), Read(0.30, 100), Grade.BAD),
        (Terms("anomaly", 6.0, 4.0), Read(9.0), Grade.BAD),
        (Terms("anomaly", 6.0, 4.0), Read(5.0), Grade.BETWEEN),
    ],
)
def test_a_reading_is_good_bad_between_or_missing(terms, read, expected):
    assert grade(terms, read)[0] is expected


def test_it_opens_after_the_second_bad_reading_in_a_row_and_resolves_after_the_second_good_one():
    rule = Rule(BELOW)
    for minute, value in enumerate([0.8, 0.9, 0.8, 0.8, 0.8, 0.9, 0.8, 0.9, 0.9]):
        rule.see(minute, value)
    assert rule.told() == [(3, "open"), (8, "resolve")]


def test_what_lies_between_threshold_and_clear_at_neither_opens_nor_resolves():
    rule = Rule(BELOW)
    for minute, value in enumerate([0.8, 0.86, 0.8, 0.8, 0.9, 0.86, 0.9, 0.86, 0.86, 0.86, 0.9, 0.9]):
        rule.see(minute, value)
    assert rule.told() == [(3, "open"), (11, "resolve")]


def test_a_reading_counts_once_however_often_it_is_looked_at():
    rule = Rule(BELOW)
    for minute in range(10):
        rule.see(minute, 0.5, reading_at=0)
    assert rule.told() == []
    rule.see(11, 0.5, reading_at=-5)  # an older one, from a round that came late
    assert rule.told() == []
    rule.see(12, 0.5, reading_at=12)
    assert rule.told() == [(12, "open")]


def test_no_data_does_not_resolve_and_is_said_once():
    rule = Rule(ABOVE)
    rule.see(0, 0.9), rule.see(1, 0.9)
    for minute in range(2, 600):
        rule.see(minute, None if minute % 2 else 0.0, sample=3)
    assert rule.told() == [(1, "open"), (2, "gone")]
    assert rule.streak.missing_since == at(2)
    rule.see(600, 0.1), rule.see(601, 0.1)
    assert rule.told()[-1] == (601, "resolve")
    assert rule.streak.missing_since is None


def test_no_data_opens_nothing_and_leaves_what_was_counted():
    rule = Rule(BELOW)
    rule.see(0, 0.5), rule.see(1, None), rule.see(2, None)
    assert rule.told() == []
    rule.see(3, 0.5)
    assert rule.told() == [(3, "open")]


def test_it_returns_within_half_an_hour_and_opens_anew_after_it():
    for pause, expected in ((29, "return"), (31, "open")):
        rule = Rule(replace(BELOW, for_checks=1))
        rule.see(0, 0.5), rule.see(1, 0.9), rule.see(1 + pause, 0.5)
        assert rule.told() == [(0, "open"), (1, "resolve"), (1 + pause, expected)]
        assert rule.life.occurrences == (2 if expected == "return" else 1)


def test_a_signal_that_flaps_is_one_alert_and_falls_silent():
    rule = Rule(replace(BELOW, for_checks=1))
    for minute in range(600):
        rule.see(minute, 0.5 if minute % 2 else 0.9)
    assert rule.alerts == 1
    assert len(rule.told()) == 3  # opened, resolved, came back; then it would have to be good twice in a row
    assert rule.life.is_live


def test_slow_flapping_asks_for_more_and_more_good_readings():
    rule = Rule(replace(BELOW, for_checks=2))
    for minute in range(1200):
        rule.see(minute, 0.5 if minute // 8 % 2 else 0.9)
    assert rule.alerts == 1
    assert len(rule.told()) <= 9
    for minute in range(1200, 1230):
        rule.see(minute, 0.9)
    assert not rule.life.is_live, "six times as many good readings are enough however often it came back"


def test_a_snooze_wakes_when_its_time_is_over_and_the_signal_still_bad():
    rule = Rule(BELOW)
    rule.see(0, 0.5), rule.see(1, 0.5)
    rule.life = replace(rule.life, state="snoozed", snoozed_until=at(60))
    for minute in range(2, 70):
        rule.see(minute, 0.5)
    assert rule.told()[1:] == [(60, "wake")]


def test_a_snooze_that_ends_with_no_data_wakes_too():
    rule = Rule(BELOW)
    rule.see(0, 0.5), rule.see(1, 0.5), rule.see(2, 0.9)
    rule.life = replace(rule.life, state="snoozed", snoozed_until=at(60))
    rule.see(3, None), rule.see(59, None), rule.see(61, None)
    assert rule.told()[1:] == [(3, "gone"), (61, "wake")]


def test_a_snoozed_alert_resolves_by_itself_and_does_not_wake_on_its_way_there():
    rule = Rule(BELOW)
    rule.see(0, 0.5), rule.see(1, 0.5)
    rule.life = replace(rule.life, state="snoozed", snoozed_until=at(60))
    rule.see(59, 0.9), rule.see(60, 0.9, reading_at=59)
    assert rule.told()[1:] == []
    rule.see(64, 0.9)
    assert rule.told()[1:] == [(64, "resolve")]


def test_a_person_who_resolves_hears_again_only_of_new_bad_readings():
    rule = Rule(BELOW)
    rule.see(0, 0.5), rule.see(1, 0.5)
    rule.life = replace(rule.life, state="resolved", resolved_at=at(2))
    rule.streak = replace(rule.streak, bad=0, good=0)
    rule.see(3, 0.5, reading_at=1), rule.see(4, 0.5)
    assert rule.told()[1:] == []
    rule.see(5, 0.5)
    assert rule.told()[1:] == [(5, "return")]


values = some.one_of(some.none(), some.sampled_from([0.5, 0.84, 0.85, 0.86, 0.87, 0.9]), some.just(float("nan")))
readings = some.lists(
    some.tuples(some.floats(0, 90), values, some.integers(0, 200), some.sampled_from(["", "snooze", "resolve", "ack"])),
    max_size=60,
)
terms = some.builds(
    Terms, some.just("below"), some.just(0.85), some.sampled_from([None, 0.85, 0.87]), some.integers(1, 4),
    some.sampled_from([0, 100]),
)  # fmt: skip


def persons_act(rule: Rule, act: str, now: dt.datetime) -> None:
    if rule.life is None or not rule.life.is_live:
        return
    if act == "snooze":
        rule.life = replace(rule.life, state="snoozed", snoozed_until=now + 20 * MINUTE)
    elif act == "ack":
        rule.life = replace(rule.life, state="acknowledged")
    elif act == "resolve":
        rule.life = replace(rule.life, state="resolved", resolved_at=now, snoozed_until=None)
        rule.streak = replace(rule.streak, bad=0, good=0)


@settings(max_examples=150, deadline=None)
@given(terms, readings)
def test_whatever_happens_there_is_one_live_alert_and_each_step_has_its_reason(chosen, course):
    """Rule.apply refuses a second live alert. Beyond it: who opens was bad, who resolves was good, in a row."""
    rule, minute = Rule(chosen), 0.0
    seen: list[Grade] = []
    resolved_at = None
    for pause, value, sample, act in course:
        minute += pause
        new = rule.streak.at is None or at(minute) > rule.streak.at
        moved = rule.see(minute, value, sample)
        if moved.grade is not Grade.MISSING and new:
            seen.append(moved.grade)
        for one in moved.steps:
            if one in (Step.OPEN, Step.RETURN):
                assert seen[-chosen.for_checks :] == [Grade.BAD] * chosen.for_checks
                recent = resolved_at is not None and at(minute) - resolved_at < RETURNS_WITHIN
                assert (one is Step.RETURN) == recent
            if one is Step.RESOLVE:
                assert seen[-chosen.for_checks :] == [Grade.GOOD] * chosen.for_checks
                resolved_at = at(minute)
            if moved.grade is Grade.MISSING:
                assert one in (Step.GONE, Step.WAKE)
        live_before = rule.life is not None and rule.life.is_live
        persons_act(rule, act, at(minute))
        if live_before and not rule.life.is_live:
            resolved_at = at(minute)


@settings(max_examples=100, deadline=None)
@given(terms, readings)
def test_to_look_again_at_the_same_reading_changes_nothing(chosen, course):
    rule, minute = Rule(chosen), 0.0
    for pause, value, sample, _ in course:
        minute += pause
        rule.see(minute, value, sample)
        before, told = rule.streak, len(rule.log)
        rule.see(minute, value, sample)
        assert (rule.streak, len(rule.log)) == (before, told)
