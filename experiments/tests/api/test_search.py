"""GET /api/experiments finds what the history's page finds, and says where a query is wrong."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from experiments.tests.factories import make_experiment
from experiments.tests.many import add_run
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
FIELDS = {"id", "name", "status", "parameters", "metrics", "timestamp", "completed_at", "mlflow_run_id", "wandb_run_id"}


def names(answer) -> list[str]:
    return [row["name"] for row in answer.json()["data"]]


@pytest.fixture
def runs(workspace):
    """Runs a, b, c with F1 0.1, 0.2, 0.3 and learning rates 0.1, 0.01, 0.001; one of another workspace."""
    dataset = None
    for place, name in enumerate("abc", 1):
        run = add_run(
            workspace, dataset, name=name, architecture="hybrid" if name == "b" else "als",
            figures={("rated", "f1_at_10"): place / 10}, parameters={"learning_rate": 10.0**-place},
        )  # fmt: skip
        dataset = run.dataset
    add_run(make_workspace(), name="theirs", figures={("rated", "f1_at_10"): 0.9})


def test_a_run_has_every_field_of_the_document(caller, runs):
    row = caller.get("/experiments").json()["data"][0]
    assert row.keys() >= FIELDS | {"error", "origin"}
    assert row["metrics"] == {"rated": {"f1_at_10": 0.3}}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("q=" + quote("metrics.rated.f1_at_10 > 0.15"), ["c", "b"]),
        ("q=" + quote("params.learning_rate = 0.1 or name = c"), ["c", "a"]),
        ("architecture=hybrid&architecture=als&status=completed", ["c", "b", "a"]),
        ("architecture=hybrid", ["b"]),
        ("sort=-params.learning_rate", ["a", "b", "c"]),
        ("sort=metrics.rated.f1_at_10&limit=2", ["a", "b"]),
        ("tag=none", []),
        ("deleted=true", []),
    ],
)
def test_it_filters_and_sorts(caller, runs, query, wanted):
    assert names(caller.get(f"/experiments?{query}")) == wanted


def test_the_answer_says_how_a_short_metric_was_read(caller, runs):
    answer = caller.get("/experiments?q=" + quote("metrics.f1_score > 0.15")).json()
    assert answer["count"] == 2
    assert answer["count_is_exact"]
    assert "Rated F1@10" in answer["notes"][0]


@pytest.mark.parametrize(
    ("query", "position"),
    [("metrics.f1_at_10 >> 0.5", 18), ("name = 'open", 7), ("metrics.rated.f1_at_1O > 1", 0), ("(" * 9_999, None)],
)
def test_a_bad_query_is_answered_with_its_place(caller, runs, query, position):
    answer = caller.get("/experiments?q=" + quote(query))
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    error = answer.json()["errors"][0]
    assert error["field"] == "q"
    assert error["message"]
    assert position is None or error["position"] == position


def test_a_cursor_of_another_order_is_refused(caller, runs):
    cursor = caller.get("/experiments?limit=1&sort=-metrics.rated.f1_at_10").json()["next_cursor"]
    assert names(caller.get(f"/experiments?limit=1&sort=-metrics.rated.f1_at_10&cursor={cursor}")) == ["b"]
    answer = caller.get(f"/experiments?limit=1&sort=name&cursor={cursor}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_an_unknown_order_is_refused_with_what_is_near(caller, runs):
    error = caller.get("/experiments?sort=-params.learning_rat").json()["errors"][0]
    assert error["field"] == "sort"
    assert "params.learning_rate" in error["message"]


def test_the_cost_does_not_grow_with_the_runs(caller, workspace, runs, django_assert_max_num_queries):
    caller.get("/experiments?sort=-metrics.rated.f1_at_10")
    for _ in range(20):
        make_experiment(workspace)
    with django_assert_max_num_queries(16):
        caller.get("/experiments?sort=-metrics.rated.f1_at_10")
