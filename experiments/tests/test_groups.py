"""Groups of runs, summed up by PostgreSQL, against NumPy and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from experiments.models import Experiment
from experiments.selectors import columns
from experiments.selectors.groups import GroupBy, grouped
from experiments.tests.factories import make_dataset
from experiments.tests.many import add_run
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
F1 = "metrics.rated.f1_at_10"


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def dataset(workspace):
    return make_dataset(workspace, name="ratings")


def summed(workspace, by: GroupBy, *keys: str):
    found = grouped(Experiment.objects.filter(workspace=workspace), by, columns.found(workspace, keys or (F1,)))
    return {group.label: group for group in found.groups}


def test_each_group_has_the_figures_of_numpy_and_scipy(workspace, dataset):
    rng = np.random.default_rng(3)
    wanted: dict[str, list[float]] = {}
    for place in range(40):
        rate, value, rmse = float(rng.choice([0.1, 0.01, 0.5])), float(rng.normal(0.5, 0.1)), float(rng.normal())
        figures = {("rated", "f1_at_10"): value, ("pointwise", "rmse"): rmse}
        add_run(workspace, dataset, figures=figures, parameters={"learning_rate": rate}, seed=place)
        wanted.setdefault(str(rate), []).append(value)
    found = summed(workspace, GroupBy("parameter", "learning_rate"), F1, "metrics.pointwise.rmse", "seed")
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        one = found[name].summaries[0]
        interval = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
        assert (one.count, found[name].runs, found[name].seeds) == (len(values),) * 3
        assert (one.mean, one.deviation) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
        assert (one.low, one.high) == pytest.approx(interval)
        assert (one.minimum, one.maximum) == (min(values), max(values))


def test_one_run_has_a_mean_and_no_spread(workspace, dataset):
    add_run(workspace, dataset, figures={("rated", "f1_at_10"): 0.5}, architecture="als")
    one = summed(workspace, GroupBy("architecture"))["als"].summaries[0]
    assert (one.count, one.mean, one.deviation, one.low, one.high) == (1, 0.5, None, None, None)


def test_runs_without_a_value_count_as_runs_and_not_as_zero(workspace, dataset):
    for value in (0.4, 0.6, None, math.nan):
        add_run(workspace, dataset, figures={("rated", "f1_at_10"): value}, architecture="als")
    add_run(workspace, dataset, architecture="als")
    group = summed(workspace, GroupBy("architecture"))["als"]
    assert (group.runs, group.summaries[0].count, group.summaries[0].mean) == (5, 2, pytest.approx(0.5))


def test_repeats_of_one_configuration_are_one_group(workspace, dataset):
    for seed, digest in ((1, "a"), (2, "a"), (3, "a"), (1, "b")):
        add_run(workspace, dataset, name=f"{digest}{seed}", seed=seed, settings_hash=digest * 64)
    found = summed(workspace, GroupBy("configuration"), "seed")
    assert {name: (group.runs, group.seeds) for name, group in found.items()} == {"a1": (3, 3), "b1": (1, 1)}


def test_a_run_counts_in_each_of_its_tags(workspace, dataset):
    for tags in (["x"], ["x", "y"], []):
        add_run(workspace, dataset, tags=tags)
    found = summed(workspace, GroupBy("tag"), "seed")
    assert {name: group.runs for name, group in found.items()} == {"x": 2, "y": 1}


def test_runs_without_the_parameter_stand_apart(workspace, dataset):
    add_run(workspace, dataset, parameters={"optimizer": "adam"})
    add_run(workspace, dataset)
    found = summed(workspace, GroupBy("parameter", "optimizer"), "duration")
    assert {name: (group.value, group.runs) for name, group in found.items()} == {
        "adam": ("adam", 1),
        "not set": (None, 1),
    }
    assert found["adam"].summaries[0].mean == pytest.approx(60, abs=1)


def test_a_group_of_different_data_says_so_and_one_of_the_same_says_which(workspace, dataset):
    other_split = {"method": "time", "test_share": 0.2, "validation_share": 0.1, "seed": 42}
    other_draw = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 1}
    add_run(workspace, dataset, architecture="same")
    add_run(workspace, dataset, architecture="same", split=other_draw)
    add_run(workspace, dataset, architecture="splits")
    add_run(workspace, dataset, architecture="splits", split=other_split)
    add_run(workspace, dataset, architecture="data")
    add_run(workspace, make_dataset(workspace), architecture="data")
    for name in ("one", "two"):
        Experiment.objects.create(
            workspace=workspace, name=name, origin="mlflow", status="completed", architecture="logged",
            finished_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
    found = summed(workspace, GroupBy("architecture"), "seed")
    assert {name: group.mixes for name, group in found.items()} == {
        "same": "",
        "splits": "2 splits",
        "data": "2 datasets",
        "logged": "data that is not known here",
    }
    assert found["same"].data == "ratings, random, 20\u202f% test"


def test_one_query_whatever_the_number_of_runs_and_figures(workspace, dataset, django_assert_num_queries):
    for place in range(12):
        add_run(workspace, dataset, figures={("rated", "f1_at_10"): 0.1}, parameters={"epochs": place})
    chosen = columns.found(workspace, [F1, "params.epochs", "duration", "seed"])
    with django_assert_num_queries(1 + 4):  # a savepoint and a bound on the time around the one that sums up
        assert len(grouped(Experiment.objects.filter(workspace=workspace), GroupBy("dataset"), chosen).groups) == 1
