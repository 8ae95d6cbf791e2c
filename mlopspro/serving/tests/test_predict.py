"""Rows for models on tables of each family: held against the scorer itself, and every kind of wrong value."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.table_snapshot import read_table
from experiments.services.version_files import load_scorer
from experiments.tests.tables_stored import stored_table
from mlopspro.serving.answers import CannotAnswer, predict
from mlopspro.serving.loaded import live
from mlopspro.serving.tests.conftest import live_version, logged

FAMILIES = {
    "forecasting": "seasonal_naive",
    "pricing": "log_log_elasticity",
    "next_best_action": "action_logistic",
    "location_scoring": "place_ridge",
}


def some_rows(workspace, family: str, table, count: int = 12) -> list[dict]:
    """Rows of the table as a caller sends them; of a forecast, of days after the last one."""
    frame = read_table(table.path).tail(count).copy()
    inputs = live(workspace)[family].champion.version.table.inputs
    time = next((column.name for column in inputs.columns if column.kind == "time"), None)
    if time is not None:
        frame[time] = (pd.to_datetime(frame[time]) + pd.Timedelta(days=300)).dt.strftime("%Y-%m-%d")
    frame = frame[[column.name for column in inputs.columns]]
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [
        {name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()} for row in rows
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_the_scorer_s_own(workspace, family):
    table = stored_table(workspace, family)
    version = live_version(workspace, family, dataset=table, architecture=FAMILIES[family])
    rows = some_rows(workspace, family, table)
    found = predict(workspace, family, rows)
    scorer = load_scorer(version)
    assert [one.answer.value for one in found.rows] == pytest.approx(scorer.predict(pd.DataFrame(rows)).tolist())
    entries = {entry["id"]: entry for entry in logged(workspace)}
    for row, one in zip(rows, found.rows, strict=True):
        entry = entries[str(one.prediction_id)]
        assert entry["value"] == pytest.approx(one.answer.value)
        assert entry["features"] == row
        assert entry["input_size"] == sum(value is not None for value in row.values())


def test_a_row_without_an_action_gets_the_best_one(workspace):
    table = stored_table(workspace, "next_best_action")
    version = live_version(workspace, "next_best_action", dataset=table, architecture="action_logistic")
    rows = some_rows(workspace, "next_best_action", table, 6)
    action = live(workspace)["next_best_action"].champion.version.table.inputs.action
    asked = [{name: value for name, value in row.items() if name != action} for row in rows]
    found = predict(workspace, None, asked)
    scorer = load_scorer(version)
    scores = scorer.scores_of_actions(pd.DataFrame(rows))
    for at, one in enumerate(found.rows):
        assert one.answer.action == scorer.known.names[int(scores[at].argmax())]
        assert one.answer.value == pytest.approx(scores[at].max())
        assert one.answer.label == ("1" if scores[at].max() >= 0.5 else "0")
        assert one.answer.confidence == pytest.approx(max(scores[at].max(), 1 - scores[at].max()))
        assert one.answer.actions == pytest.approx(dict(zip(scorer.known.names, scores[at], strict=True)))
    assert {entry["features"][action] for entry in logged(workspace)} == {one.answer.action for one in found.rows}


WRONG = [
    ("price", "cheap", "a number"),
    ("price", float("nan"), "a number"),
    ("price", 10**400, "a number"),
    ("price", [1], "a number"),
    ("price", None, "is missing"),
    ("price", -1.0, "above 0"),
    ("product", "x" * 201, "up to 200"),
    ("product", {"a": 1}, "text"),
    ("nonsense", 1, "no column"),
]


@pytest.mark.parametrize(("column", "value", "words"), WRONG, ids=[f"{name}-{str(v)[:8]}" for name, v, _ in WRONG])
def test_a_wrong_value_names_row_and_column_and_nothing_is_answered(workspace, column, value, words):
    table = stored_table(workspace, "pricing")
    live_version(workspace, "pricing", dataset=table, architecture="log_log_elasticity")
    rows = some_rows(workspace, "pricing", table, 3)
    rows[1] = {**rows[1], column: value}
    with pytest.raises(CannotAnswer, match=words) as refused:
        predict(workspace, "pricing", rows)
    assert column in str(refused.value)
    assert [bool(entry["error"]) for entry in logged(workspace)] == [True], "one entry says that a request failed"


def test_forecasts_of_days_that_are_known_are_refused_with_the_first_day_that_is_not(workspace):
    table = stored_table(workspace, "forecasting")
    live_version(workspace, "forecasting", dataset=table, architecture="seasonal_naive")
    rows = some_rows(workspace, "forecasting", table, 1)
    time = next(one["name"] for one in table.columns if one["role"] == "time")
    with pytest.raises(CannotAnswer, match="accepted: days after"):
        predict(workspace, "forecasting", [{**rows[0], time: "2000-01-01"}])
    with pytest.raises(CannotAnswer, match="a day as"):
        predict(workspace, "forecasting", [{**rows[0], time: "tomorrow"}])
