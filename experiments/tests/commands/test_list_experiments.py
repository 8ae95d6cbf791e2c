"""The history from the command line: what the page gives, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from experiments.selectors import history
from experiments.selectors.history import HistoryQuery
from experiments.tests.many import add_run
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db
F1 = "metrics.rated.f1_at_10"


@pytest.fixture
def workspace():
    made = make_workspace()
    for place in range(1, 6):
        add_run(
            made, name=f"run {place}", figures={("rated", "f1_at_10"): place / 7}, parameters={"epochs": place},
            tags=["=odd"],
        )  # fmt: skip
    add_run(make_workspace(), name="theirs")
    return made


def said(workspace, *options: str) -> str:
    out = io.StringIO()
    call_command("list_experiments", *options, "--workspace", workspace.slug, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_json_gives_the_runs_of_the_list_in_its_order(workspace):
    asked = HistoryQuery(text="metrics.rated.f1_at_10 > 0.2", sort=F1, descending=False)
    wanted = history.page(workspace, asked).runs
    found = json.loads(
        said(workspace, "--json", "--query", asked.text, "--sort", F1, "--columns", f"name,{F1},duration")
    )
    assert [row["id"] for row in found] == [str(run.pk) for run in wanted]
    assert [row["name"] for row in found] == ["run 2", "run 3", "run 4", "run 5"]
    assert found[0][F1] == 2 / 7
    assert found[0]["duration"] == pytest.approx(60)


def test_csv_is_unrounded_and_formulas_are_defused(workspace):
    rows = list(csv.DictReader(io.StringIO(said(workspace, "--csv", "--limit", "2", "--columns", f"{F1},tags,status"))))
    assert [float(row[F1]) for row in rows] == [5 / 7, 4 / 7]
    assert not rows[0]["tags"].startswith("=")


def test_the_table_names_the_protocol_of_a_metric(workspace):
    lines = said(workspace, "--limit", "3").splitlines()
    assert "F1@10 (rated)" in lines[0]
    assert [line.split()[1:3] for line in lines[1:]] == [["run", "5"], ["run", "4"], ["run", "3"]]


def test_a_minus_turns_the_order_and_more_than_a_batch_is_read_on(workspace, monkeypatch):
    monkeypatch.setattr("experiments.management.commands.list_experiments.BATCH", 2)
    found = json.loads(said(workspace, "--json", "--sort=-params.epochs", "--columns", "params.epochs"))
    assert [row["params.epochs"] for row in found] == [5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--query", "metrics.rated.f1_at_1O > 1"), "^^^"),
        (("--columns", "params.epoch"), "did you mean params.epochs?"),
        (("--sort", "nothing"), "no column nothing"),
        (("--limit", "0"), "accepted is 1 to"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(workspace, options, words):
    with pytest.raises(CommandError, match="") as error:
        said(workspace, *options)
    assert words in str(error.value)
