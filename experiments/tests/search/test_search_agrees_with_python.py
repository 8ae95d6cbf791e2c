"""Any valid query finds in PostgreSQL what plain Python finds with the same tree (scene.holds is the oracle)."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings

from experiments.query import parse
from experiments.selectors.history_query import HistoryQuery
from experiments.selectors.search import rare
from experiments.selectors.search.asking import Question
from experiments.selectors.search.finding import Finder
from experiments.tests.search.scene import NOW, Told, holds
from experiments.tests.search.texts import queries

ONE_SCENE = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@ONE_SCENE
@given(text=queries)
@example(text='metrics.f1_score > 0.5 and params.learning_rate = 0.001 or name ~ "hybrid"')
@example(text="NOT (metrics.rmse > 1) AND NOT tags.team = x")
@example(text='dataset != "100%" or dataset is null')
@example(text="")
def test_found_is_what_holds(workspace, runs: list[Told], text: str):
    tree = parse(text)
    expected = {run.pk for run in runs if holds(tree, run)}
    question = Question(workspace, HistoryQuery(text=text), NOW)
    assert set(question.matching.values_list("pk", flat=True)) == expected


@settings(ONE_SCENE, max_examples=40)
@given(text=queries)
def test_both_ways_of_finding_agree(workspace, runs: list[Told], text: str):
    question = Question(workspace, HistoryQuery(text=text, sort="metrics.rated.f1_at_10"), NOW)
    walked = [one.run for one in Finder(question.order, question.lookup).find(None, 100)]
    assert set(walked) == {run.pk for run in runs if holds(parse(text), run)}
    if question.few is not None:
        assert [one.run for one in question.finder().find(None, 100)] == walked


def test_a_rare_part_finds_all_that_match(workspace, runs: list[Told]):
    """What the estimator takes for few runs must contain every match."""
    for text in ("name ~ hybrid and metrics.f1_score > 0.2", "tags = nightly or params.epochs = 2", "ials or hybrid"):
        question = Question(workspace, HistoryQuery(text=text), NOW)
        estimate = rare.Estimator(question.compiler, question.live).estimate(question.expression)
        assert estimate.few
        assert {run.pk for run in runs if holds(parse(text), run)} <= set(estimate.runs())


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE x; --", "%", "_", "\\", "\\'", "%s", "%(a)s", "{}", "∑", "a''b", "\x7f"]
)
def test_hostile_text_is_only_ever_a_parameter(workspace, runs, text):
    written = '"' + text.replace('"', '""') + '"'
    with transaction.atomic(), connection.execute_wrapper(_no_text_in_sql("DROP")):
        for query in (f"name ~ {written}", f"tags = {written}", f"params.optimizer like {written}", written):
            assert isinstance(list(Question(workspace, HistoryQuery(text=query), NOW).matching), list)


def _no_text_in_sql(word):
    def check(execute, sql, params, many, context):
        assert word not in sql
        return execute(sql, params, many, context)

    return check
