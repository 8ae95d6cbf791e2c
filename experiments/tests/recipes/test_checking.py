"""What a manifest may say: every problem at once, each with its path, by the rules of its family."""

from __future__ import annotations

import copy

import pytest
from celery.schedules import crontab
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.families import Family
from experiments.recipes import metric_keys
from experiments.recipes.baselines import baselines
from experiments.recipes.checking import check, check_patch
from experiments.recipes.cron import check_cron
from experiments.recipes.located_json import resolve
from experiments.recipes.merging import merge
from experiments.recipes.problems import ManifestRefused

BASE = {item.family.value: item.manifest for item in baselines()}


def found(patch, family="recommendation"):
    with pytest.raises(ManifestRefused) as error:
        check(merge(BASE[family], patch), family)
    return {item.path: item.message for item in error.value.problems}


def nested(path: str, value) -> dict:
    for name in reversed(path.split("/")):
        value = {name: value}
    return value


@pytest.mark.parametrize(
    ("path", "value", "problem", "words"),
    [
        ("family", "pricing", "=", "the recipe is of recommendation"),
        ("pipline", {}, "=", "Did you mean pipeline?"),
        ("metadata/title", 5, "=", "valid string (given: 5)"),
        ("requirements/grain", ["user", 7], "requirements.grain.1", "valid string"),
        ("requirements/min_history/rows", "10", "=", "valid integer (given: '10')"),
        ("requirements/min_history/rows", True, "=", "valid integer"),
        ("pipeline/quality/max_missing_share", 1.5, "=", "less than or equal to 1"),
        ("pipeline/quality/on_failure", "ignore", "=", "'stop' or 'warn'"),
        ("pipeline/training/architecture", "eas", "=", "Did you mean ease?"),
        ("pipeline/training/architecture", "lag_ridge", "=", "belongs to another family"),
        ("pipeline/training/seed", -1, "=", "greater than or equal to 0"),
        ("pipeline/training/parameters/regularisation", 1, "=", "Did you mean"),
        ("pipeline/training/parameters/regularization", "x", "=", "number"),
        ("pipeline/training/parameters/regularization", -1, "=", "(given: -1)"),
        ("pipeline/evaluation/headline", "rated.f1_at_7", "=", "Did you mean"),
        ("pipeline/evaluation/metrics/forecast.mase", {}, "=", "no metric of rec"),
        ("pipeline/evaluation/list_lengths", [50, 10], "=", "must ascend"),
        ("pipeline/evaluation/list_lengths", [], "=", "is empty"),
        ("pipeline/evaluation/validation/method", "spatial_blocks", "=", "leave_last"),
        ("pipeline/deployment/mode", "batch", "pipeline.deployment.schedule", "five cron fields"),
        ("pipeline/deployment/schedule", "0 2 * * 1", "=", "is of batch deployments"),
        ("pipeline/deployment/endpoint", "http://x/y", "=", "is no path"),
        ("pipeline/feature_prep", {"use": ["a"], "leave_out": ["b", "a"]}, "pipeline.feature_prep.leave_out.1", "is"),
        ("requirements/feature_sets/x", {"roles": ["price"]}, "requirements.feature_sets.x.roles.0", "no role of rec"),
        ("lineage/inputs/valeu", {}, "=", "Did you mean value?"),
        ("monitoring/alerts/a", {"signal": "drift", "value": 1}, "monitoring.alerts.a.signal", "mean data_drift?"),
        ("monitoring/alerts/a b", {"signal": "data_drift", "value": 1}, "=", "the name"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_place(path, value, problem, words):
    """ "=" stands for the place of the mistake itself."""
    problems = found(nested(path, value))
    assert words in problems.get(problem if problem != "=" else path.replace("/", "."), ""), problems


def test_bounds_that_contradict_each_other():
    problems = found(
        {"pipeline": {"evaluation": {"metrics": {"demand.rmse": {"minimum": 2, "maximum": 1}}}}}, "pricing"
    )
    assert problems == {
        "pipeline.evaluation.metrics.demand.rmse.minimum": "2 is above the maximum 1; accepted: 1 or less"
    }


def test_tables_have_no_users_and_no_relevance():
    patch = {
        "requirements": {"min_history": {"users": 5}},
        "pipeline": {"evaluation": {"relevant_from": 4.0, "validation": {"method": "leave_last_out"}}},
    }
    assert set(found(patch, "forecasting")) == {
        "requirements.min_history.users",
        "pipeline.evaluation.relevant_from",
        "pipeline.evaluation.validation.method",
    }


def test_everything_is_said_in_the_order_of_the_schema():
    patch = {"monitoring": 3, "lineage": {"inputs": {"x": {}}}, "pipeline": {"training": {"seed": "a"}}, "zzz": 1}
    assert [path.partition(".")[0] for path in found(patch)] == ["pipeline", "lineage", "monitoring", "zzz"]


def test_metrics_at_other_list_lengths():
    patch = {"pipeline": {"evaluation": {"list_lengths": [5, 20], "headline": None, "metrics": None}}}
    manifest = merge(merge(BASE["recommendation"], {"monitoring": None}), patch)
    manifest["pipeline"]["evaluation"]["metrics"] = {"rated.f1_at_5": {"minimum": 0.5}, "catalogue.ndcg_at_20": {}}
    check(manifest, "recommendation")
    manifest["pipeline"]["evaluation"]["metrics"]["rated.f1_at_10"] = {}
    with pytest.raises(ManifestRefused):
        check(manifest, "recommendation")


@pytest.mark.parametrize("family", list(Family))
def test_headline_metrics_of_each_family_are_metrics(family):
    from experiments.learning.families import ABOUT

    about = ABOUT[family]
    assert f"{about.protocol}.{about.headline}" in metric_keys.metric_keys(family)


# --- What is no manifest at all ---------------------------------------------------------------------------------


def deep(levels: int) -> dict:
    value: dict = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (deep(30), "deeper than 20 levels"),
        (deep(50_000), "deeper than 20 levels"),
        ({"a": float("nan")}, "finite number"),
        ({"a": float("inf")}, "finite number"),
        ({"a": 10**400}, "too large"),
        ({"a": "\x00"}, "control characters"),
        ({"a": "\ud800"}, "half of a character"),
        ({"a\x01": 1}, "control characters"),
        ({"a": "x" * 300_000}, "bytes; accepted: up to 262,144"),
        ({1: 2}, "no text"),
        ([], "accepted: an object"),
        ({"a": {1, 2}}, "of type set"),
    ],
)
def test_what_is_no_json_to_keep(content, words):
    with pytest.raises(ManifestRefused) as error:
        check_patch(content)
    assert words in str(error.value)


JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
PLACES = [
    ("metadata",), ("requirements", "feature_sets"), ("requirements", "labels", "x"), ("pipeline", "training"),
    ("pipeline", "training", "parameters"), ("pipeline", "evaluation"), ("pipeline", "evaluation", "metrics"),
    ("pipeline", "evaluation", "list_lengths"), ("pipeline", "evaluation", "validation"), ("pipeline", "deployment"),
    ("lineage", "inputs"), ("monitoring", "alerts", "a"), ("family",),
]  # fmt: skip


@given(st.sampled_from(PLACES), JUNK, st.sampled_from(sorted(BASE)))
@settings(max_examples=200, deadline=None)
def test_junk_anywhere_is_refused_or_right_and_every_problem_has_a_place(place, junk, family):
    content = copy.deepcopy(BASE[family])
    target = content
    for name in place[:-1]:
        target = target[name]
    target[place[-1]] = junk
    problems = []
    try:
        check(content, family)
    except ManifestRefused as error:
        problems = error.problems
    for item in problems:
        assert item.message
        assert item.path == "" or resolve(content, item.path)[0] or "." not in item.path


# --- Schedules --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["* * * * *", "0 2 * * 1", "*/15 0-6 1,15 jan-mar mon-fri", "5 4 29 2 *", "0-30/5 * * * sun"]
)
def test_schedules_that_are_accepted_mean_something_to_the_scheduler(text):
    check_cron(text)
    minute, hour, day, month, weekday = text.split()
    crontab(minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 fields"), ("* * * *", "4 fields"), ("* * * * * *", "6 fields"),
        ("60 * * * *", "'60' is no minute"), ("* 24 * * *", "no hour"), ("* * 0 * *", "no day of month"),
        ("* * * 13 *", "no month"), ("* * * * 7", "no day of week"), ("5-1 * * * *", "no minute"),
        ("*/0 * * * *", "no minute"), ("1/2 * * * *", "no minute"), ("@daily", "1 fields"),
        ("* * 30 2 *", "never comes"), ("* * 31 4,6 *", "never comes"), ("1,,2 * * * *", "no minute"),
        ("*-5 * * * *", "no minute"), ("¹ * * * *", "no minute"), ("0 0 * * lundi", "no day of week"),
    ],
)  # fmt: skip
def test_schedules_that_are_refused_say_which_field(text, words):
    with pytest.raises(ValueError, match=words):
        check_cron(text)
