"""The table as a file: the same columns, filters and order, exact figures, and nothing that runs."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from experiments.selectors import history_export
from experiments.tests.pages import scenes
from experiments.tests.pages.table import F1, RMSE, measured

EXACT = 0.123456789012345678


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace, name="MovieLens")


def read(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text)))


def export(client, **query):
    return client.get(reverse("experiments:history_export"), query)


def test_columns_filter_and_order_are_those_of_the_page(client, workspace, dataset):
    for name, f1 in (("hybrid a", 0.2), ("hybrid b", EXACT), ("other", 0.9)):
        measured(workspace, dataset, name, f1=f1, rmse=-0.5, parameters={"learning_rate": 0.001}, tags=["x", "y"])
    response = export(client, q="hybrid", sort=F1, columns=f"name,dataset,tags,{F1},{RMSE},params.learning_rate")
    assert response["Content-Disposition"].startswith("attachment;")
    rows = read(response)
    assert list(rows[0]) == ["id", "name", "dataset", "tags", F1, RMSE, "params.learning_rate"]
    assert [row["name"] for row in rows] == ["hybrid b", "hybrid a"]
    assert float(rows[0][F1]) == EXACT
    assert (rows[0][RMSE], rows[0]["tags"], rows[0]["dataset"]) == ("-0.5", "x, y", "MovieLens")


def test_every_matching_run_is_in_it_once_and_the_limit_holds(client, workspace, dataset, monkeypatch):
    for number in range(12):
        measured(workspace, dataset, f"run {number:02}")
    monkeypatch.setattr(history_export, "BATCH", 5)
    assert [row["name"] for row in read(export(client, sort="name"))] == [f"run {number:02}" for number in range(12)]
    monkeypatch.setattr(history_export, "MOST_ROWS", 7)
    assert len(read(export(client))) == 7


def test_formulas_are_defused(client, workspace, dataset):
    run = measured(workspace, dataset, "=HYPERLINK(1)", notes="@SUM(A1)", tags=["+cmd"], parameters={"start": "-1"})
    row = read(export(client, columns="name,notes,tags,created_at,params.start"))[0]
    assert (row["name"], row["notes"], row["tags"]) == ("'=HYPERLINK(1)", "'@SUM(A1)", "'+cmd")
    assert row["params.start"] == "-1"
    assert row["created_at"] == run.created_at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def test_ticked_runs_alone(client, workspace, dataset, outsider):
    runs = [measured(workspace, dataset, name, f1=0.5) for name in ("a", "b", "c")]
    address = reverse("experiments:selected_export")
    body = {"run": [str(run.pk) for run in runs[:2]], "back": f"columns=name,{F1}"}
    rows = read(client.post(address, body))
    assert [row["name"] for row in rows] == ["a", "b"]
    assert set(rows[0]) == {"id", "name", F1}
    assert outsider.post(address, body).status_code == 302


def test_a_query_that_cannot_be_read_exports_nothing_and_says_so(client, workspace, dataset):
    measured(workspace, dataset, "a")
    response = client.get(reverse("experiments:history_export"), {"q": "((("}, follow=True)
    assert response.redirect_chain[0][0].startswith("/experiments/?q=")
    assert "Nothing was exported" in " ".join(str(message) for message in response.context["messages"])


def test_other_workspaces_are_not_in_it(outsider, workspace, dataset):
    measured(workspace, dataset, "ours")
    assert read(export(outsider)) == []
