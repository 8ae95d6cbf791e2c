"""Per-user results are read back as an evaluation stored them, and damage has a name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.comparison.errors import CannotCompare, NoPerUserResults
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.per_user import metrics_available, read
from experiments.learning.comparison.verdict import RunScores, compare
from experiments.tests.metrics.scenes import random_scene, result


@pytest.fixture(scope="module")
def evaluation():
    return random_scene(1).evaluate(ks=(5, 10))


@pytest.fixture
def path(evaluation, tmp_path):
    evaluation.per_user.to_parquet(tmp_path / "per_user.parquet", index=False)
    return tmp_path / "per_user.parquet"


@pytest.mark.parametrize("protocol", ["rated", "catalogue", "pointwise"])
def test_every_metric_follows_from_per_user_results_as_the_evaluation_found_it(evaluation, path, protocol):
    available = metrics_available(path)[protocol]
    assert available
    for name in available:
        scores = read(path, protocol, columns=estimator_for(protocol, name).columns)
        found = compare([RunScores("a", scores)], name, protocol).runs[0]
        stored = result(evaluation, name, protocol)
        assert found.value == pytest.approx(stored.value, rel=1e-12), name
        assert found.users + found.undefined == stored.users_counted


def test_the_direction_of_each_metric_is_the_evaluations(evaluation, path):
    for protocol, names in metrics_available(path).items():
        for name in names:
            direction = estimator_for(protocol, name).higher_is_better
            assert direction == result(evaluation, name, protocol).higher_is_better, name


def test_what_is_available_is_all_but_what_is_no_function_of_users(evaluation, path):
    available = metrics_available(path)
    for protocol in ("rated", "catalogue", "pointwise"):
        named = {m.name for m in evaluation.metrics if (m.protocol, m.segment) == (protocol, "all")}
        assert {name for name in named if not name.startswith("coverage")} == set(available[protocol])


def test_a_segment_of_users_is_read_alone(evaluation, path):
    scores = read(path, "rated", segment="heavy_users")
    stored = result(evaluation, "f1_at_5", "rated", "heavy_users")
    found = compare([RunScores("a", scores)], "f1_at_5", "rated", minimum_users=2)
    assert found.segment == "heavy_users"
    assert found.runs[0].value == pytest.approx(stored.value, rel=1e-12)


def test_only_columns_asked_for_are_read_and_those_that_describe_the_test_part(path):
    assert set(read(path, "pointwise", columns=["squared_error", "ratings"]).columns) == {"squared_error", "ratings"}
    assert set(read(path, "catalogue", columns=["ndcg_at_5"]).columns) <= {"ndcg_at_5", "relevant"}


def test_users_come_in_order_whatever_the_file_has(evaluation, path):
    evaluation.per_user.sample(frac=1, random_state=0).to_parquet(path, index=False)
    expected = evaluation.per_user[evaluation.per_user["protocol"] == "catalogue"].sort_values("user")
    scores = read(path, "catalogue", columns=["ndcg_at_5"])
    np.testing.assert_array_equal(scores.users, expected["user"])
    np.testing.assert_array_equal(scores.columns["ndcg_at_5"], expected["ndcg_at_5"])


def test_a_missing_file_says_so(tmp_path):
    for ask in (lambda: read(tmp_path / "no.parquet", "rated"), lambda: metrics_available(tmp_path / "no.parquet")):
        with pytest.raises(NoPerUserResults, match="not on disk"):
            ask()


@pytest.mark.parametrize("keep", [0, 4, 300, -20])
def test_a_damaged_file_says_so_and_names_no_folder(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(NoPerUserResults, match="cannot be read") as caught:
        read(path, "catalogue", columns=["ndcg_at_5"])
    assert str(path.parent) not in str(caught.value)


def test_a_file_damaged_in_the_middle_says_so(path):
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)
    path.write_bytes(bytes(content))
    with pytest.raises(NoPerUserResults):
        read(path, "catalogue")


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"user": [1]}), "no column 'protocol'"),
        (pd.DataFrame({"user": [1], "protocol": ["rated"], "segment": ["new"]}), "no column 'ndcg_at_10'"),
        (
            pd.DataFrame({"user": [1], "protocol": ["rated"], "segment": ["new"], "ndcg_at_10": [0.5]}),
            "no user under the catalogue protocol",
        ),
        (
            pd.DataFrame({"user": ["x"], "protocol": ["catalogue"], "segment": ["new"], "ndcg_at_10": [0.5]}),
            "accepted: whole numbers",
        ),
        (
            pd.DataFrame({"user": [1], "protocol": ["catalogue"], "segment": ["new"], "ndcg_at_10": ["high"]}),
            "accepted: numbers",
        ),
    ],
)
def test_a_table_of_another_shape_says_what_is_missing(tmp_path, frame, words):
    frame.to_parquet(tmp_path / "per_user.parquet", index=False)
    with pytest.raises(NoPerUserResults, match=words):
        read(tmp_path / "per_user.parquet", "catalogue", columns=["ndcg_at_10"])


def test_an_unknown_segment_says_so(path):
    with pytest.raises(NoPerUserResults, match="no user in the segment 'left-handed'"):
        read(path, "rated", segment="left-handed")


def test_a_user_twice_and_infinity_are_refused(evaluation, path):
    table = evaluation.per_user
    pd.concat([table, table.iloc[:1]]).to_parquet(path, index=False)
    with pytest.raises(CannotCompare, match="more than once"):
        read(path, "catalogue", columns=["ndcg_at_5"])
    table.assign(ndcg_at_5=np.inf).to_parquet(path, index=False)
    with pytest.raises(CannotCompare, match="infinite"):
        read(path, "catalogue", columns=["ndcg_at_5"])
