"""Which figure is which state: a decision table over the rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings as product
from django.core.exceptions import ImproperlyConfigured

from monitoring.services.health_rules import KEYS, RULES, judge_all, overall, rules
from monitoring.services.health_states import Reading, State, judge

RULE = {rule.key: rule for rule in RULES}
GOOD = {rule.key: Reading(1.0 if rule.below else 0.0, rule.smallest_sample) for rule in RULES}

TABLE = [
    ("database", 250, State.HEALTHY),
    ("database", 250.1, State.DEGRADED),
    ("database", 2001, State.UNHEALTHY),
    ("redis", 0, State.HEALTHY),
    ("redis", 1, State.DEGRADED),
    ("redis", 1000, State.DEGRADED),
    ("schema", 1, State.UNHEALTHY),
    ("silence.worker-io", 30, State.HEALTHY),
    ("silence.worker-io", 31, State.DEGRADED),
    ("silence.worker-io", 301, State.UNHEALTHY),
    ("response_time.recommend", 51, State.DEGRADED),
    ("response_time.recommend", 501, State.UNHEALTHY),
    ("error_rate", 0.01, State.HEALTHY),
    ("error_rate", 0.011, State.DEGRADED),
    ("error_rate", 0.051, State.UNHEALTHY),
    ("outbox.mlflow", 1e9, State.DEGRADED),
    ("mlflow", 151, State.DEGRADED),
    ("spool_age", 901, State.UNHEALTHY),
    ("disk.var", 0.10, State.HEALTHY),
    ("disk.var", 0.09, State.DEGRADED),
    ("disk.var", 0.02, State.UNHEALTHY),
    ("losses", 1, State.DEGRADED),
    ("losses", 1001, State.UNHEALTHY),
]


@pytest.mark.parametrize(("key", "value", "state"), TABLE)
def test_a_figure_is_judged_by_its_thresholds(key, value, state):
    check = judge(RULE[key], Reading(value, 1000))
    assert check.state is state
    assert bool(check.reason) == bool(check.advice) == (state is not State.HEALTHY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_nothing_measured_is_unknown_and_says_so(rule):
    check = judge(rule, Reading(None))
    assert check.state is State.UNKNOWN
    assert check.reason == "Nothing measured yet."
    assert check.figure == "not measured"


@pytest.mark.parametrize("sample", [0, 1, 19])
def test_too_few_cases_say_nothing_however_bad(sample):
    check = judge(RULE["error_rate"], Reading(1.0, sample))
    assert check.state is State.UNKNOWN
    assert "20 cases" in check.reason
    assert judge(RULE["error_rate"], Reading(1.0, 20)).state is State.UNHEALTHY


def test_every_rule_is_checked_in_order_and_each_key_once():
    assert [check.rule.key for check in judge_all({})] == list(KEYS)
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, State.HEALTHY),
        ({"redis": Reading(1)}, State.DEGRADED),
        ({"redis": Reading(1), "disk.data": Reading(0.01)}, State.UNHEALTHY),
        ({"database": Reading(None)}, State.UNKNOWN),
        ({"silence.beat": Reading(None)}, State.UNKNOWN),
        ({"database": Reading(None), "redis": Reading(1)}, State.DEGRADED),
        ({"mlflow": Reading(None), "response_time.recommend": Reading(None)}, State.HEALTHY),
    ],
)
def test_the_whole_is_as_bad_as_its_worst_part_and_unknown_without_the_essential(changed, state):
    assert overall(judge_all(GOOD | changed)) is state


def test_nothing_at_all_is_not_healthy():
    assert overall([]) is State.UNKNOWN
    assert overall(judge_all({})) is State.UNKNOWN


def test_thresholds_come_from_the_environment(settings):
    settings.HEALTH_THRESHOLDS = {"error_rate": "0.2/-", "disk.var": "0.5/0.4"}
    changed = {rule.key: rule for rule in rules()}
    assert judge(changed["error_rate"], Reading(0.19, 100)).state is State.HEALTHY
    assert judge(changed["error_rate"], Reading(1.0, 100)).state is State.DEGRADED
    assert judge(changed["disk.var"], Reading(0.39)).state is State.UNHEALTHY
    assert changed["database"] == RULE["database"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"eror_rate": "1/2"}, ["eror_rate", "error_rate"]),
        ({"error_rate": "0.1"}, ["error_rate", "0.1", "degraded/unhealthy"]),
        ({"error_rate": "a/b"}, ["error_rate", "a/b", "degraded/unhealthy"]),
        ({"error_rate": "nan/1"}, ["error_rate", "nan/1", "0 and more"]),
        ({"error_rate": "0.2/0.1"}, ["error_rate", "0.2/0.1", "at least degraded"]),
        ({"disk.var": "0.1/0.2"}, ["disk.var", "0.1/0.2", "at most degraded"]),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused_with_rule_value_and_what_is_accepted(settings, given, words):
    settings.HEALTH_THRESHOLDS = given
    with pytest.raises(ImproperlyConfigured) as error:
        rules()
    assert all(word in str(error.value) for word in words)


def test_words_of_a_check_name_figure_bound_and_what_to_do():
    check = judge(RULE["response_time.page"], Reading(812.4, 100))
    assert check.reason == "Response time of pages, P95: 812 ms, more than 250 ms."
    assert check.threshold == "degraded above 250 ms, unhealthy above 2 s"
    assert check.advice


def test_the_documented_thresholds_are_those_of_the_rules():
    def shown(edge: float | None, below: bool) -> str:
        return "–" if edge is None else f"{'<' if below else '>'} {edge:,.10g}"

    lines = (Path(product.BASE_DIR) / "docs/operations.md").read_text().splitlines()
    rows = [
        re.split(r"\s*\|\s*", line.strip("| "))
        for line in lines
        if re.match(r"\| `[a-z._-]+` \| .* \| .* \| .* \|$", line)
    ]
    documented = {row[0].strip("`"): row[2:] for row in rows}
    for rule in RULES:
        assert documented[rule.key] == [shown(rule.degraded, rule.below), shown(rule.unhealthy, rule.below)], rule.key
