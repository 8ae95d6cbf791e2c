"""What a logged run becomes here, whatever strange things it holds: pure functions, no server."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.services.logged_run_content import clean, content_of, fingerprint, labels, lower_is_better, moment
from experiments.services.logged_run_files import MAX_FILES, _name, place_of
from experiments.services.logged_run_history import MAX_STEP, Step, by_step, thinned
from experiments.tests.factories import make_experiment
from experiments.tests.tracking.logged_scenes import START, found
from experiments.tracking.reader import LastValue, Point, Source

SOURCE = Source("7", "notebooks")
UTC = dt.UTC


def test_what_is_not_finite_is_left_open_and_said():
    metrics = {name: LastValue(value, 0, START) for name, value in
               (("a", math.nan), ("b", math.inf), ("c", -math.inf), ("d", 1.0))}  # fmt: skip
    content = content_of(found(metrics=metrics))
    assert content.figures == {"a": None, "b": None, "c": None, "d": 1.0}
    assert content.remarks == ("Not a finite number at the end: a, b, c.",)


def test_texts_fit_their_columns():
    long = "x" * 7000
    content = content_of(found(name=long, params={long: long}, tags={long: long}, metrics={long: LastValue(1, 0, 0)}))
    assert len(content.name) == 200
    assert [len(key) for key in (*content.parameters, *content.figures)] == [250, 250]
    assert content.parameters == {"x" * 250: long}
    assert max(map(len, content.labels)) == 200


def test_a_run_without_a_name_is_called_by_its_id():
    run = found(name="  ")
    assert content_of(run).name == run.external_id


@given(st.text())
def test_any_text_can_be_kept(text):
    kept = clean(text)
    assert "\x00" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept


def test_tags_become_short_words():
    shown = labels({"b": "two", "flag": "True", "empty": "", "mlflow.user": "me", "a": "1,5"})
    assert shown == ("a=1,5", "b=two", "empty", "flag")


@pytest.mark.parametrize(
    ("name", "lower"),
    [("val/loss", True), ("rmse", True), ("test_mae", True), ("training time", True), ("ndcg@10", False),
     ("glossary", False), ("timely", False), ("accuracy", False)],
)  # fmt: skip
def test_what_is_better_is_judged_by_the_name(name, lower):
    assert lower_is_better(name) is lower


def test_times_that_no_calendar_has_are_none():
    assert [moment(value) for value in (None, 0, -5, 10**20)] == [None] * 4
    assert moment(START) == dt.datetime.fromtimestamp(START / 1000, UTC)


def test_an_end_is_never_before_the_start_nor_missing():
    started = dt.datetime.fromtimestamp(START / 1000, UTC)
    assert content_of(found(ended_at=START - 5000)).finished_at == started
    assert content_of(found(ended_at=None, metrics={"a": LastValue(1, 1, START + 2000)})).finished_at == started + (
        dt.timedelta(seconds=2)
    )
    assert content_of(found(ended_at=None, started_at=None, metrics={})).finished_at == dt.datetime.fromtimestamp(
        0, UTC
    )


def test_an_unknown_state_counts_as_running_and_is_said():
    content = content_of(found(status="PAUSED"))
    assert content.status == "running"
    assert "PAUSED" in content.remarks[0]


@pytest.mark.parametrize(("given_seed", "seed"), [("42", 42), ("-1", 0), ("1e3", 0), ("99999999999", 0), ("", 0)])
def test_a_seed_is_read_where_it_is_one(given_seed, seed):
    assert content_of(found(params={"random_state": given_seed})).seed == seed


def test_a_fingerprint_changes_with_all_that_is_kept():
    run = found()
    same = fingerprint(run, SOURCE)
    assert same == fingerprint(run, SOURCE)
    changes = [{"name": "x"}, {"status": "FAILED"}, {"deleted": True}, {"tags": {}}, {"params": {}}, {"person": "y"},
               {"metrics": {"ndcg_at_10": LastValue(0.4, 4, START + 3000)}}, {"ended_at": 1}]  # fmt: skip
    others = {fingerprint(found(external_id=run.external_id, **change), SOURCE) for change in changes}
    assert len(others | {same}) == len(changes) + 1
    assert fingerprint(run, Source("7", "renamed")) != same


def test_points_at_impossible_steps_are_counted():
    steps, left_out = by_step({"a": [Point(-1, 1, 1.0), Point(0, 1, 2.0), Point(MAX_STEP + 1, 1, 3.0)]})
    assert ([step.number for step in steps], left_out) == ([0], 2)


def test_of_two_points_at_a_step_the_later_counts():
    steps, _ = by_step({"a": [Point(1, 20, 2.0), Point(1, 10, 1.0)], "b": [Point(1, 5, math.nan)]})
    assert [(step.number, step.values) for step in steps] == [(1, {"a": 2.0, "b": None})]


@given(st.integers(1, 3000), st.integers(1, 50), st.integers(1, 300))
def test_thinning_keeps_the_end_and_every_metric(count, limit, every):
    steps = [
        Step(n, {"a": float(n)} | ({"rare": float(n)} if n % every == 0 else {}), dt.datetime.fromtimestamp(n, UTC))
        for n in range(count)
    ]
    kept = thinned(steps, limit)
    assert len(kept) == min(count, limit)
    assert kept[-1].number == count - 1
    assert [step.number for step in kept] == sorted({step.number for step in kept})
    assert all(step.values["a"] == step.number for step in kept)
    rare = [step.values["rare"] for step in kept if "rare" in step.values]
    assert rare == sorted(rare)
    assert rare[-1] == ((count - 1) // every) * every


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a/../../b", "..\\x", "x\x00y", "%2e%2e/x", "é" * 90]
)
def test_a_copy_lies_in_the_folder_of_its_run_whatever_it_is_called(name):
    run = make_experiment()
    place = place_of(run, name)
    assert place.startswith(f"{run.folder}/logged/")
    assert place.removeprefix(f"{run.folder}/logged/").isalnum()
    assert len(place) <= 300
    assert len(_name(name * 5, place)) <= 120


def test_long_names_that_end_alike_stay_apart():
    ends = [f"{n}/{'x' * 200}.json" for n in range(2)]
    names = {_name(end, f"{'0' * 30}{n}") for n, end in enumerate(ends)}
    assert len(names) == 2
    assert all(name.endswith(".json") for name in names)
    assert MAX_FILES == 500
