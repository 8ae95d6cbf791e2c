"""What every registered architecture for tables promises, whatever it is and whichever family it is of."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import numpy as np
import pandas as pd
import pydantic
import pytest

from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.artifacts import load_table_scorer_from, save_tabular
from experiments.learning.tabular.base import TableError, TabularData
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.registry import TABULAR
from experiments.learning.tabular.synthetic import SYNTHETIC
from experiments.tests.tabular.tables import Recorder, made_up, train

KEYS = list(TABULAR)
LEARNING = [key for key in KEYS if TABULAR[key].model_type != "baseline"]
SMALL = {
    Family.FORECASTING: {"shops": 6, "products": 6, "days": 200},
    Family.PRICING: {"products": 36, "weeks": 60},
    Family.NEXT_BEST_ACTION: {"customers": 1_500},
    Family.LOCATION_SCORING: {"places": 700},
}


@cache
def data_of(family):
    return made_up(family, **SMALL[family])


@cache
def trained(key):
    """One fit on the family's small synthetic table, shared by the tests that only look at it."""
    return train(key, data_of(TABULAR[key].family))


@cache
def judged(key):
    fitted, parts, split = trained(key)
    data = data_of(TABULAR[key].family)
    return EVALUATE[data.family](fitted, data, parts, split)


def rows_to_score(key):
    """Test rows of the last part, which is what its model is asked about."""
    _, parts, _ = trained(key)
    return data_of(TABULAR[key].family).frame.iloc[parts[-1].test]


def scorer_of(key):
    return trained(key)[0][-1].scorer


def headline(evaluation, family):
    return next(each for each in evaluation.metrics if (each.name, each.segment) == (ABOUT[family].headline, "all"))


@pytest.mark.parametrize("family", [family for family in Family if family.is_tabular])
def test_every_family_has_a_baseline_models_a_judge_and_a_table(family):
    kinds = [each.model_type for each in TABULAR.values() if each.family is family]
    assert kinds.count("baseline") == 1
    assert kinds.count("tabular") >= 2
    assert family in EVALUATE
    assert family in SYNTHETIC


@pytest.mark.parametrize("key", KEYS)
def test_parameters_are_typed_bounded_described_and_closed(key):
    architecture = TABULAR[key]
    for name, field in architecture.parameters.model_fields.items():
        assert field.title, name
        assert field.description, name
        if field.annotation in (int, float):
            bounds = " ".join(map(str, field.metadata))
            assert "ge=" in bounds or "gt=" in bounds, name
            assert "le=" in bounds or "lt=" in bounds, name
    architecture.validate({})
    with pytest.raises(pydantic.ValidationError, match="no_such_parameter"):
        architecture.validate({"no_such_parameter": 1})


@pytest.mark.parametrize("key", KEYS)
def test_it_predicts_a_finite_number_for_every_test_row_and_is_judged(key):
    family = TABULAR[key].family
    predicted = scorer_of(key).predict(rows_to_score(key))
    assert predicted.shape == (len(rows_to_score(key)),)
    assert np.isfinite(predicted).all()
    evaluation = judged(key)
    assert np.isfinite(headline(evaluation, family).value)
    assert {metric.protocol for metric in evaluation.metrics} == {ABOUT[family].protocol}
    assert evaluation.protocol["unit"]
    json.dumps([evaluation.details, evaluation.protocol, trained(key)[0][-1].details], allow_nan=False)


@pytest.mark.parametrize("key", KEYS)
def test_it_beats_or_equals_its_familys_baseline(key):
    family = TABULAR[key].family
    baseline = next(name for name in KEYS if TABULAR[name].family is family and TABULAR[name].model_type == "baseline")
    mine, least = headline(judged(key), family), headline(judged(baseline), family)
    assert mine.higher_is_better is ABOUT[family].higher_is_better
    sign = 1 if mine.higher_is_better else -1
    assert sign * mine.value >= sign * least.value - 1e-9
    assert mine.naive == pytest.approx(least.naive)
    if key in LEARNING:
        assert sign * mine.value > sign * mine.naive


@pytest.mark.parametrize("key", KEYS)
def test_the_same_seed_gives_the_same_model(key):
    data = data_of(TABULAR[key].family)
    _, parts, _ = trained(key)
    architecture = TABULAR[key]
    again = architecture.fit(data, parts[-1], architecture.validate({}), seed=0, observer=Recorder())
    np.testing.assert_array_equal(again.scorer.predict(rows_to_score(key)), scorer_of(key).predict(rows_to_score(key)))


@pytest.mark.parametrize("key", KEYS)
def test_rows_that_are_tested_are_never_learnt_from(key):
    """Other values of the target in test rows change nothing."""
    data, (_, parts, _) = data_of(TABULAR[key].family), trained(key)
    roles = data.roles
    target = roles.target or roles.quantity or roles.outcome
    frame = data.frame.copy()
    place = frame.columns.get_loc(target)
    frame.iloc[parts[-1].test, place] = 1 - frame.iloc[parts[-1].test, place].clip(0, 1).round()
    architecture = TABULAR[key]
    other = architecture.fit(
        TabularData(frame, roles, data.family), parts[-1], architecture.validate({}), seed=0, observer=Recorder()
    )
    np.testing.assert_array_equal(other.scorer.predict(rows_to_score(key)), scorer_of(key).predict(rows_to_score(key)))


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_column_is_named(key):
    """Columns that a model does not read may be missing; a model that learns reads some."""
    data, rows = data_of(TABULAR[key].family), rows_to_score(key)
    refused = 0
    for column in data.roles.columns():
        without = rows.drop(columns=column)
        try:
            assert np.isfinite(scorer_of(key).predict(without)).all()
        except TableError as error:
            assert repr(column) in str(error)  # noqa: PT017 - either outcome is right, by column
            refused += 1
    assert refused or key not in LEARNING


@pytest.mark.parametrize("key", KEYS)
def test_unseen_kinds_and_missing_numbers_have_an_answer(key):
    roles, rows = data_of(TABULAR[key].family).roles, rows_to_score(key)
    usual = scorer_of(key).predict(rows)
    for column in (*roles.categorical, *((roles.product,) if roles.product else ())):
        unseen = rows.assign(**{column: pd.Series("never seen before", index=rows.index, dtype="str")})
        assert np.isfinite(scorer_of(key).predict(unseen)).all(), column
        nothing = rows.assign(**{column: pd.Series(None, index=rows.index, dtype="str")})
        assert np.isfinite(scorer_of(key).predict(nothing)).all(), column
    for column in roles.numeric:
        missing = rows.assign(**{column: np.nan})
        assert np.isfinite(scorer_of(key).predict(missing)).all(), column
    np.testing.assert_array_equal(scorer_of(key).predict(rows), usual)


@pytest.mark.parametrize("key", LEARNING)
def test_a_column_that_is_only_recorded_lately_does_no_harm(key):
    """Training rows have nothing in it, later ones do."""
    data, (_, parts, _) = data_of(TABULAR[key].family), trained(key)
    column, part = data.roles.numeric[0], parts[-1]
    values = data.frame[column].astype("float64").copy()
    values.iloc[part.train] = np.nan
    late = TabularData(data.frame.assign(**{column: values}), data.roles, data.family)
    architecture = TABULAR[key]
    fitted = architecture.fit(late, part, architecture.validate({}), seed=0, observer=Recorder())
    assert np.isfinite(fitted.scorer.predict(late.frame.iloc[part.test])).all()


@pytest.mark.parametrize("key", LEARNING)
def test_the_order_of_rows_does_not_matter(key):
    rows = rows_to_score(key)
    turned = rows.iloc[::-1]
    np.testing.assert_allclose(
        scorer_of(key).predict(turned)[::-1], scorer_of(key).predict(rows), rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("key", KEYS)
def test_units_of_the_verdict_are_distinct_and_hold_the_headline(key):
    family = TABULAR[key].family
    units, evaluation = judged(key).per_unit, judged(key)
    assert list(units.columns[:3]) == ["user", "protocol", "segment"]
    assert units["user"].is_unique
    assert units["user"].dtype == np.int64
    for metric in evaluation.metrics:
        estimator = estimator_for(metric.protocol, metric.name)
        assert estimator is not None or metric.name != ABOUT[family].headline
        if estimator is None or metric.segment != "all":
            continue
        known = units.dropna(subset=list(estimator.columns))
        sums = np.array([*(known[name].sum() for name in estimator.columns), len(known)])
        assert float(estimator.value(sums)) == pytest.approx(metric.value, rel=1e-9), metric.name
        assert estimator.higher_is_better is metric.higher_is_better
    assert len(units) >= 30


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Every model saved, with the rows it is asked about and what it answers."""
    folder = tmp_path_factory.mktemp("models")
    hashes = {}
    for key in KEYS:
        files = save_tabular(trained(key)[0][-1], folder / key, family=TABULAR[key].family)
        hashes[key] = {file.name: file.sha256 for file in files}
        rows_to_score(key).head(200).to_parquet(folder / key / "rows.parquet")
    return folder, hashes


@pytest.mark.parametrize("key", KEYS)
def test_it_comes_back_with_the_same_predictions(key, stored):
    folder, hashes = stored
    again = load_table_scorer_from(folder / key, hashes[key])
    np.testing.assert_array_equal(again.predict(rows_to_score(key)), scorer_of(key).predict(rows_to_score(key)))
    assert json.loads((folder / key / "scorer.json").read_text())["family"] == TABULAR[key].family


CHILD = """
import json, sys
from pathlib import Path
import pandas as pd
from experiments.learning.tabular.artifacts import load_table_scorer_from
from experiments.learning.tabular.registry import TABULAR
folder, hashes = Path(sys.argv[1]), json.loads(sys.argv[2])
found = {}
for key in TABULAR:
    rows = pd.read_parquet(folder / key / "rows.parquet")
    found[key] = float(load_table_scorer_from(folder / key, hashes[key]).predict(rows).sum())
unwanted = ("sklearn", "tensorflow", "keras", "django", "mlflow")
print(json.dumps([[name for name in unwanted if name in sys.modules], found]))
"""


def test_another_process_scores_alike_and_needs_no_scikit_learn(stored):
    folder, hashes = stored
    command = [sys.executable, "-c", CHILD, str(folder), json.dumps(hashes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded, sums = json.loads(done.stdout.splitlines()[-1])
    assert loaded == []
    for key in KEYS:
        expected = scorer_of(key).predict(pd.read_parquet(folder / key / "rows.parquet")).sum()
        assert sums[key] == pytest.approx(expected, rel=1e-12), key
