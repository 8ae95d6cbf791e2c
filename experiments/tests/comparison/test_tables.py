"""Verdicts on models of tables: the right winner, in the right words, and never across other rows or targets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from experiments.learning.comparison import per_user
from experiments.learning.comparison.comparability import RunRecord, comparability
from experiments.learning.comparison.errors import CannotCompare
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.results import RunScores
from experiments.learning.comparison.table_estimators import TABLE_ESTIMATORS
from experiments.learning.comparison.verdict import best_sentence, compare, sentence
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.base import TableSplit
from experiments.learning.tabular.splits import split_table
from experiments.tests.tabular.tables import daily, judge, made_up, split_of
from experiments.tests.tabular.test_splits import actions, places

UNITS = {"forecast": "series", "demand": "products", "action": "customers", "spatial": "places"}
NAMES = {"a": "A", "b": "B"}
CLEAR = {
    Family.FORECASTING: ("seasonal_naive", "lag_ridge", {"days": 150}),
    Family.PRICING: ("mean_demand", "log_log_elasticity", {}),
    Family.NEXT_BEST_ACTION: ("base_rate", "action_logistic", {"customers": 1_000}),
    Family.LOCATION_SCORING: ("mean_place", "place_ridge", {"places": 500}),
}
"""Baseline, a model that is better by far, and sizes of the synthetic table that shows it."""


def scores(key, protocol, units):
    columns = {name: units[name] for name in units.columns if name not in per_user.KEYS}
    return RunScores(key, per_user.PerUser.of(protocol, units["user"], columns))


def drawn(protocol, random, units=60, harder=0.0):
    """Per-unit sums of a model whose errors are ``harder`` larger, over units of unequal size."""
    rows = np.floor(random.lognormal(2, 0.7, units)) + 1
    columns = {name: rows * random.gamma(4, 0.25 * (1 + harder), units) for name in errors_of(protocol)}
    actual = rows * random.normal(5, 2, units)
    columns |= {"rows": rows, "percentage_rows": rows}
    columns |= dict.fromkeys(("actual", "log_actual"), actual)
    columns |= dict.fromkeys(("actual_squared", "log_actual_squared"), actual**2 / rows + rows)
    return pd.DataFrame({"user": np.arange(units), **columns})


def errors_of(protocol):
    names = {name for estimator in TABLE_ESTIMATORS[protocol].values() for name in estimator.columns}
    return sorted(name for name in names if "actual" not in name and "rows" not in name)


def same_rows(units, other):
    """The other's errors over the first one's rows, as two models tested alike have them."""
    mine = {name: units[name] for name in units.columns if "rows" in name or "actual" in name}
    share = units["rows"] / other["rows"]
    rest = {name: other[name] * share for name in other.columns if name not in mine and name != "user"}
    return pd.DataFrame({"user": units["user"], **rest, **mine})


@pytest.mark.parametrize("protocol", TABLE_ESTIMATORS)
def test_every_metric_of_a_table_has_a_verdict_and_its_direction(protocol):
    for name, estimator in TABLE_ESTIMATORS[protocol].items():
        assert estimator_for(protocol, name) is estimator
        random = np.random.default_rng(5)
        good = drawn(protocol, random)
        bad = same_rows(good, drawn(protocol, random, harder=1.0))
        runs = [scores("a", protocol, bad), scores("b", protocol, good)]
        pair = compare(runs, name, protocol).pairs[0]
        assert pair.outcome == "b_better", name
        assert pair.higher_is_better is name.startswith("r2")
        assert f"60 {UNITS[protocol]})" in sentence(pair, NAMES, name)


@pytest.mark.parametrize("family", [family for family in Family if family.is_tabular])
def test_headlines_of_families_are_judged_in_the_direction_the_family_says(family):
    about = ABOUT[family]
    assert estimator_for(about.protocol, about.headline).higher_is_better is about.higher_is_better


@pytest.mark.parametrize("protocol", TABLE_ESTIMATORS)
def test_equally_good_models_are_rarely_called_different(protocol):
    """At 5 % of 40 pairs, 7 or more would have a probability of 0.3 %."""
    name, claims = next(iter(TABLE_ESTIMATORS[protocol])), 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        one = drawn(protocol, random)
        other = same_rows(one, drawn(protocol, random))
        pair = compare([scores("a", protocol, one), scores("b", protocol, other)], name, protocol).pairs[0]
        claims += pair.better is not None
    assert claims < 7


@pytest.fixture(scope="module", params=CLEAR, ids=str)
def runs(request):
    family = request.param
    baseline, model, sizes = CLEAR[family]
    data = made_up(family, 3, **sizes)
    return family, judge(baseline, data), judge(model, data)


def test_a_model_that_is_clearly_better_is_called_better_and_itself_identical(runs):
    family, baseline, model = runs
    protocol, metric = ABOUT[family].protocol, ABOUT[family].headline
    both = [scores("a", protocol, baseline.per_unit), scores("b", protocol, model.per_unit)]
    found = compare(both, metric, protocol)
    assert found.pairs[0].outcome == "b_better"
    assert sentence(found.pairs[0], NAMES, metric).startswith(f"B is better than A on {metric} by ")
    assert "lower is better" in sentence(found.pairs[0], NAMES, metric)
    assert best_sentence(found, NAMES, metric) == f"B is shown to be better than every other run on {metric}."
    value = next(each.value for each in model.metrics if (each.name, each.segment) == (metric, "all"))
    assert found.runs[1].value == pytest.approx(value, rel=1e-9)
    assert found.runs[1].low < value < found.runs[1].high
    itself = compare([both[1], replace(both[1], key="a")], metric, protocol).pairs[0]
    assert itself.outcome == "identical"
    assert sentence(itself, NAMES, metric).endswith(f"for each of {itself.users} {UNITS[protocol]}.")


def test_what_a_run_stores_is_read_back_with_its_metrics(tmp_path, runs):
    family, _, model = runs
    protocol = ABOUT[family].protocol
    model.per_unit.to_parquet(tmp_path / "per_user.parquet", index=False)
    available = per_user.metrics_available(tmp_path / "per_user.parquet")
    assert list(available) == [protocol]
    assert set(available[protocol]) == set(TABLE_ESTIMATORS[protocol])
    read = per_user.read(
        tmp_path / "per_user.parquet", protocol, columns=estimator_for(protocol, ABOUT[family].headline).columns
    )
    np.testing.assert_allclose(read.columns["rows"], model.per_unit.sort_values("user")["rows"])


def test_r2_is_scikit_learns():
    random = np.random.default_rng(0)
    actual = random.normal(100, 5, 300)
    predicted = actual + random.normal(0, 3, 300)
    sums = np.array([((actual - predicted) ** 2).sum(), actual.sum(), (actual**2).sum(), 300.0, 300.0])
    assert estimator_for("spatial", "r2").value(sums) == pytest.approx(r2_score(actual, predicted))
    assert estimator_for("spatial", "r2").value(np.array([4.0, 10.0, 10.0, 10.0, 10.0])) == 0


def test_too_few_places_and_other_rows_are_not_judged():
    random = np.random.default_rng(1)
    few = drawn("spatial", random, units=12)
    pair = compare([scores("a", "spatial", few), scores("b", "spatial", few * 1.0)], "rmse", "spatial").pairs[0]
    assert sentence(pair, NAMES, "RMSE") == (
        "Not enough data to compare A and B on RMSE: 12 places in common, at least 30 are needed."
    )
    one, other = drawn("demand", random), drawn("demand", random)
    with pytest.raises(CannotCompare, match=r"different rows: rows differs for \d+ of 60 products\. .*same split\."):
        compare([scores("a", "demand", one), scores("b", "demand", other)], "rmse_log", "demand")
    without = scores("a", "spatial", drawn("spatial", random).assign(rows=0.0))
    with pytest.raises(CannotCompare, match="Run a has places without rows"):
        compare([without], "rmse", "spatial")


def test_a_unit_may_have_a_name_of_its_own():
    random = np.random.default_rng(2)
    good = drawn("forecast", random)
    bad = same_rows(good, drawn("forecast", random, harder=1.0))
    found = compare([scores("a", "forecast", bad), scores("b", "forecast", good)], "mase", "forecast", unit="week")
    assert "60 weeks)" in sentence(found.pairs[0], NAMES, "MASE")


SPLIT = TableSplit(method="spatial_blocks").model_dump(mode="json")
RUN = RunRecord(
    "a",
    "Run A",
    "sha-1",
    "Places",
    "data-1",
    SPLIT,
    {"spatial": {"definition": "1", "target": "sales", "unit": "place"}},
    {"spatial": {"rmse": "1", "rank_correlation": "1"}},
)


def beside(**changes):
    return comparability([RUN, replace(RUN, key="b", name="Run B", **changes)])


def texts(found):
    return [difference.text for difference in found.differences()]


def test_runs_on_the_same_squares_have_a_verdict():
    assert beside().pair("a", "b", "spatial", "rmse").level == "verdict"
    assert texts(beside()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"block_km": 5.0}, "Run B used another size of blocks (5.0, not 10.0): the test rows differ"),
        ({"seed": 7}, "Run B used another split seed (7, not 42): the test rows differ"),
        ({"method": "random"}, "Run B used another split (random, not spatial blocks): the test rows differ"),
    ],
)
def test_another_test_part_leaves_figures_without_a_verdict(changes, words):
    found = beside(split={**SPLIT, **changes})
    assert found.pair("a", "b", "spatial", "rmse").level == "figures"
    assert texts(found)[0].startswith(words)


def test_another_target_is_not_comparable():
    found = beside(protocols={"spatial": {**RUN.protocols["spatial"], "target": "visits"}})
    assert found.pair("a", "b", "spatial", "rmse").level == "none"
    assert texts(found) == [
        "Run B used another target (visits, not sales) under the spatial protocol: not comparable there."
    ]


def test_nobody_is_called_a_user():
    alone = beside(per_user=False)
    assert texts(alone) == ["Run B has no per-place results: its figures have no verdict."]
    ranks = beside().pair("a", "b", "spatial", "rank_correlation")
    assert ranks.reasons == ("rank_correlation has no value of each place, so no verdict.",)
    training = beside(split={**SPLIT, "validation_share": 0.3})
    assert training.pair("a", "b", "spatial", "rmse").level == "verdict"
    assert "the test rows are the same" in texts(training)[0]


TABLES = [
    (places(1), split_of("spatial_blocks")),
    (places(1), split_of("random")),
    (actions(1), split_of("time")),
    (actions(1), split_of("random")),
    (daily(80), split_of("rolling_origin", folds=2, horizon=5)),
    (daily(80), split_of("time")),
]


@pytest.mark.parametrize(("data", "split"), TABLES, ids=lambda each: getattr(each, "method", ""))
def test_what_decides_the_test_part_is_what_the_splits_do(data, split):
    """Against the splits themselves: settings held not to matter give the same test rows, those that do others."""
    others = ({"seed": 7}, {"test_share": 0.5}, {"validation_share": 0.3}, {"folds": 3}, {"horizon": 4})
    for changes in (*others, {"block_km": 30.0}):
        changed = split.model_copy(update=changes)
        tests = [[part.test.tolist() for part in split_table(data, each)] for each in (split, changed)]
        records = [
            replace(RUN, key=key, split=each.model_dump(mode="json")) for key, each in (("a", split), ("b", changed))
        ]
        same = comparability(records).pair("a", "b", "spatial", "rmse").level == "verdict"
        assert same == (tests[0] == tests[1]), changes
