"""Expressions over what evaluations really store: every name is there, and old files say what they lack."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.custom_metrics import STANDARD, NoUserTables, compile_expression, read_users
from experiments.tests.metrics.scenes import random_scene

COUNTS = ("relevant", "candidates", "test_items", "hits_at", "recommended_at", "first_rank", "mean_rank", "last_rank")


@pytest.fixture(scope="module")
def evaluation():
    return random_scene(90).evaluate()


@pytest.fixture
def file(evaluation, tmp_path):
    path = tmp_path / "per_user.parquet"
    evaluation.per_user.to_parquet(path)
    return path


def value_of(text, path, metrics=None):
    compiled = compile_expression(text)
    return compiled.evaluate(read_users(path, [compiled.needs]), metrics or {})


def rows(table, protocol):
    return table[table["protocol"] == protocol].set_index("user")


def test_the_known_names_are_what_an_evaluation_stores(evaluation):
    table = evaluation.per_user
    for protocol, known in STANDARD.per_user.items():
        mine = table[table["protocol"] == protocol].dropna(axis="columns", how="all")
        assert set(known) == set(mine.columns) - {"user", "protocol", "segment"}
    for protocol, known in STANDARD.metrics.items():
        assert set(known) == {m.name for m in evaluation.metrics if m.protocol == protocol and m.segment == "all"}


def test_values_are_those_that_pandas_computes_from_the_table(evaluation, file):
    table = evaluation.per_user
    catalogue, rated, pointwise = (rows(table, key) for key in ("catalogue", "rated", "pointwise"))
    both = catalogue.merge(rated, left_index=True, right_index=True, suffixes=("_c", "_r"))
    errors = pointwise["absolute_error"] / pointwise["ratings"]
    expected = {
        "mean(catalogue.ndcg_at_10 where relevant >= 3)": catalogue.query("relevant >= 3")["ndcg_at_10"].mean(),
        "catalogue: mean(1 / first_rank)": (1 / catalogue["first_rank"]).mean(),
        "rated: share(first_rank <= 3)": (rated["first_rank"] <= 3).mean(),
        "rated: sum(hits_at_10) / sum(recommended_at_10)": rated["hits_at_10"].sum() / rated["recommended_at_10"].sum(),
        "sqrt(sum(pointwise.squared_error) / sum(pointwise.ratings))": np.sqrt(
            pointwise["squared_error"].sum() / pointwise["ratings"].sum()
        ),
        "quantile(pointwise.absolute_error / ratings, 0.9)": errors.quantile(0.9),
        "std(catalogue.mean_rank / candidates)": (catalogue["mean_rank"] / catalogue["candidates"]).std(),
        "mean(rated.ndcg_at_10 - catalogue.ndcg_at_10)": (both["ndcg_at_10_r"] - both["ndcg_at_10_c"]).mean(),
        "mean(rated.recall_at_10 where heavy_users)": rated.query("segment == 'heavy_users'")["recall_at_10"].mean(),
        "count(catalogue.light_users or medium_users)": catalogue["segment"]
        .isin(["light_users", "medium_users"])
        .sum(),
    }
    for text, figure in expected.items():
        assert value_of(text, file).value == pytest.approx(figure, rel=1e-12), text


def test_the_order_of_the_rows_changes_nothing(evaluation, tmp_path):
    shuffled = tmp_path / "shuffled.parquet"
    evaluation.per_user.sample(frac=1, random_state=1).to_parquet(shuffled)
    straight = tmp_path / "straight.parquet"
    evaluation.per_user.to_parquet(straight)
    text = "mean(rated.ndcg_at_10 - catalogue.ndcg_at_10 where catalogue.relevant > rated.relevant - 2)"
    assert value_of(text, shuffled).value == pytest.approx(value_of(text, straight).value, rel=1e-12)


def test_a_file_from_before_counts_and_ranks_is_read_and_says_what_it_lacks(evaluation, tmp_path):
    old = tmp_path / "old.parquet"
    table = evaluation.per_user
    table[[name for name in table.columns if not name.startswith(COUNTS)]].to_parquet(old)
    assert value_of("mean(catalogue.ndcg_at_10)", old).value == pytest.approx(
        rows(table, "catalogue")["ndcg_at_10"].mean()
    )
    lacking = value_of("catalogue: mean(1 / first_rank where relevant > 2)", old)
    assert lacking.value is None
    assert lacking.reason == (
        "needs first_rank and relevant, which this run's stored results do not have: train or evaluate again"
    )


def test_a_run_that_was_not_measured_under_a_protocol_says_so(tmp_path):
    implicit = tmp_path / "implicit.parquet"
    random_scene(91).evaluate(feedback="implicit", predicts_ratings=False).per_user.to_parquet(implicit)
    assert (
        value_of("mean(rated.ndcg_at_10)", implicit).reason
        == "needs the rated protocol, under which this run has no users"
    )
    assert value_of("mean(catalogue.ndcg_at_10)", implicit).value is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "not on disk"),
        (b"no parquet", "cannot be read"),
        (pd.DataFrame({"who": [1]}), "no users or no protocols"),
        (pd.DataFrame({"user": [1, 1], "protocol": ["rated"] * 2, "relevant": [1.0, 2.0]}), "more than once"),
        (pd.DataFrame({"user": ["x"], "protocol": ["rated"], "relevant": [1.0]}), "cannot be read"),
        (pd.DataFrame({"user": [1], "protocol": ["rated"], "relevant": ["many"]}), "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path, content, words):
    path = tmp_path / "per_user.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        content.to_parquet(path)
    with pytest.raises(NoUserTables, match=words):
        value_of("mean(rated.relevant)", path)
