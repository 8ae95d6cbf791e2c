"""Places: the truth is found again, squares of unknown land are judged honestly, and figures are what they say."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.learning.tabular.base import TableError, TabularData
from experiments.learning.tabular.location_scoring.evaluation import figures
from experiments.learning.tabular.location_scoring.place_ridge import ridge
from experiments.learning.tabular.synthetic import SYNTHETIC
from experiments.tests.tabular.tables import judge, made_up, split_of, train, value

MAKE = SYNTHETIC[Family.LOCATION_SCORING]


@pytest.fixture(scope="module")
def table():
    return MAKE(0)


@pytest.fixture(scope="module")
def data(table):
    return TabularData(table.frame, table.roles, Family.LOCATION_SCORING)


def test_the_table_is_the_same_for_a_seed_and_described_column_by_column(table):
    assert table.frame.equals(MAKE(0).frame)
    assert not table.frame.equals(MAKE(1).frame)
    assert [column["name"] for column in table.columns] == list(table.frame.columns)
    assert set(table.roles.columns()) <= set(table.frame.columns)
    assert len(MAKE(0, places=77).frame) == 77
    with pytest.raises(DatasetError, match=r"places.*given: 10.*50 to"):
        MAKE(0, places=10)


def test_competitors_are_those_within_a_kilometre_and_noise_has_the_stated_size(table):
    """What is left of sales after the truth is the field and the noise, of the stated size."""
    frame, truth = table.frame.dropna(), table.truth
    known = truth["intercept"] + sum(frame[name] * each for name, each in truth["coefficients"].items())
    left = frame["sales"] - known - frame["kind"].map(truth["kind_effects"])
    assert abs(left.mean()) < 1
    assert left.std() == pytest.approx(truth["best_rmse_on_unknown_land"], rel=0.05)


def test_ridge_finds_the_truth_again():
    """The effect of one standard deviation of each feature within 2 thousand (sales have 24), of each kind within 5.

    The field is shared by near places, so more places would not bring the estimates closer than that.
    """
    table = MAKE(0)
    data = TabularData(table.frame, table.roles, Family.LOCATION_SCORING)
    [fitted], _, _ = train("place_ridge", data, split_of("random", test_share=0.01, validation_share=0.01))
    found = {each["name"]: each["coefficient"] for each in fitted.details["coefficients"]}
    for name, truth in table.truth["coefficients"].items():
        assert abs(found[name] - truth) * table.frame[name].std() < 2, name
    centre = np.mean([found[f"kind = {kind}"] for kind in table.truth["kind_effects"]])
    of_truth = np.mean(list(table.truth["kind_effects"].values()))
    for kind, truth in table.truth["kind_effects"].items():
        assert found[f"kind = {kind}"] - centre == pytest.approx(truth - of_truth, abs=5), kind
    assert found["footfall"] == pytest.approx(table.truth["coefficients"]["footfall"], rel=0.15)
    assert found["income"] == pytest.approx(table.truth["coefficients"]["income"], rel=0.15)


def test_a_random_split_flatters_a_model_that_remembers_places():
    """The reason for squares: near places share what no column says. Means over three tables, two draws of each."""
    tables = [made_up(Family.LOCATION_SCORING, seed) for seed in range(3)]
    quick = {"trees": 120, "learning_rate": 0.1}

    def rmse(method):
        splits = [split_of(method, seed=seed) for seed in range(2)]
        return np.mean(
            [value(judge("place_boosting", data, split, **quick), "rmse") for data in tables for split in splits]
        )

    drawn, squares = rmse("random"), rmse("spatial_blocks")
    truth = MAKE(0).truth
    assert truth["best_rmse"] < drawn < squares - 1
    assert squares == pytest.approx(truth["best_rmse_on_unknown_land"], abs=2)


@pytest.mark.parametrize("key", ["place_ridge", "place_boosting"])
def test_every_model_beats_the_mean_by_far(key, data):
    evaluation = judge(key, data)
    rmse = next(each for each in evaluation.metrics if (each.name, each.segment) == ("rmse", "all"))
    assert rmse.value < 0.85 * rmse.naive


def test_the_mean_is_its_own_naive_line(data):
    for metric in judge("mean_place", data).metrics:
        assert metric.value == metric.naive


def test_figures_are_those_of_scikit_learn_and_scipy():
    random = np.random.default_rng(0)
    actual = np.round(random.normal(size=200), 1)
    predicted = np.round(actual + random.normal(size=200), 1)
    found = figures(actual, predicted)
    assert found["rmse"] == pytest.approx(root_mean_squared_error(actual, predicted))
    assert found["mae"] == pytest.approx(mean_absolute_error(actual, predicted))
    assert found["r2"] == pytest.approx(r2_score(actual, predicted))
    assert found["rank_correlation"] == pytest.approx(stats.spearmanr(actual, predicted).statistic)


def test_figures_without_a_meaning_are_none():
    assert set(figures(np.empty(0), np.empty(0)).values()) == {None}
    flat = figures(np.ones(5), np.arange(5.0))
    assert (flat["r2"], flat["rank_correlation"]) == (None, None)
    assert figures(np.arange(5.0), np.ones(5))["rank_correlation"] is None


def test_ridge_is_scikit_learns():
    random = np.random.default_rng(1)
    matrix, target = random.normal(size=(60, 4)) + 3, random.normal(size=60)
    weights, bias = ridge(matrix, target, 2.5)
    oracle = Ridge(alpha=2.5).fit(matrix, target)
    np.testing.assert_allclose(weights, oracle.coef_)
    assert bias == pytest.approx(oracle.intercept_)


def test_places_segments_and_squares_add_up_to_the_whole(data):
    evaluation = judge("place_ridge", data)
    units = evaluation.per_unit
    counted = {metric.segment: metric.users_counted for metric in evaluation.metrics if metric.name == "rmse"}
    assert counted["all"] == len(units) == counted["near_training"] + counted["far_from_training"]
    assert units["segment"].value_counts().to_dict() == {name: n for name, n in counted.items() if name != "all"}
    assert units["user"].is_unique
    assert np.sqrt(units["squared_error"].mean()) == pytest.approx(value(evaluation, "rmse"))
    blocks = evaluation.details["blocks"]
    assert sum(block["places"] for block in blocks) == len(units)
    pooled = np.sqrt(sum(block["places"] * block["rmse"] ** 2 for block in blocks) / len(units))
    assert pooled == pytest.approx(value(evaluation, "rmse"))


def test_details_are_small_json_and_name_what_the_model_leans_on():
    data = made_up(Family.LOCATION_SCORING, places=4_000)
    details = judge("place_boosting", data).details
    assert len(json.dumps(details, allow_nan=False)) < 150_000
    assert {len(column) for column in details["places"].values()} == {500}
    importance = {each["column"]: each["importance"] for each in details["importance"]}
    assert set(importance) == {"income", "footfall", "competitors", "parking", "kind", "latitude", "longitude"}
    assert min(importance["footfall"], importance["income"]) > importance["parking"]
    assert list(importance.values()) == sorted(importance.values(), reverse=True)


def test_a_column_that_says_nothing_has_no_importance(data):
    frame = data.frame.assign(luck=np.random.default_rng(0).normal(size=len(data)))
    roles = data.roles.model_copy(update={"numeric": (*data.roles.numeric, "luck")})
    details = judge("place_ridge", TabularData(frame, roles, data.family)).details
    importance = {each["column"]: each["importance"] for each in details["importance"]}
    assert abs(importance["luck"]) < 0.1 * importance["footfall"]


def test_nothing_to_learn_from_is_refused(data):
    bare = data.roles.model_copy(update={"numeric": (), "categorical": ()})
    with pytest.raises(TableError, match="No column is a numeric or categorical feature"):
        train("place_ridge", TabularData(data.frame, bare, data.family))
    assert value(judge("place_ridge", TabularData(data.frame, bare, data.family), coordinates=True), "rmse") > 0


def test_rare_kinds_count_as_unseen(data):
    chosen = TabularData(data.frame, data.roles, data.family, rare_below=10_000)
    [fitted], _, _ = train("place_ridge", chosen)
    assert [each["name"] for each in fitted.details["coefficients"]][-1] == "kind = (other)"
    assert not any(each["name"] == "kind = centre" for each in fitted.details["coefficients"])
