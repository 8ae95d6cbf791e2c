"""Answers for everybody: the file holds what single answers would, and appears as a whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from experiments.learning.data.table_snapshot import read_table
from experiments.services.serving_files import SERVING_FILE, catalogue_of
from experiments.tests.tables_stored import stored_table
from mlopspro.serving import batches
from mlopspro.serving.answers import recommend
from mlopspro.serving.tests.conftest import live_version, logged


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_every_known_user_has_the_list_that_is_answered(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "NUMBERS_AT_ONCE", 60 * 7)
    version = live_version(workspace)
    catalogue = catalogue_of(version)
    out = tmp_path / "lists.parquet"
    assert f"version {version.number}" in run(
        "recommend_all", "Films", "--out", str(out), "--n", "4", "--workspace", workspace.slug
    )
    found = pd.read_parquet(out)
    assert found.columns.tolist() == ["user", "rank", "item", "score", "version"]
    known = [catalogue.user_ids[user] for user in range(catalogue.num_users) if catalogue.history[user]]
    assert found["user"].unique().tolist() == known
    for user in known[:10]:
        mine = found[found["user"] == user].sort_values("rank")
        expected = recommend(workspace, user, n=4)
        assert mine["item"].tolist() == [one.item for one in expected.items]
        assert mine["score"].tolist() == pytest.approx([one.score for one in expected.items], rel=1e-4)
    assert list(tmp_path.iterdir()) == [out]
    assert len(logged(workspace)) == 10, "only the single answers are logged"


def test_every_row_of_a_table_is_answered(workspace, tmp_path):
    table = stored_table(workspace, "location_scoring")
    version = live_version(workspace, "Shops", dataset=table, architecture="place_ridge")
    given = read_table(table.path)
    given.to_csv(tmp_path / "places.csv", index=False)
    out = tmp_path / "answers.parquet"
    run(
        "predict_all", "Shops", "--data", str(tmp_path / "places.csv"), "--out", str(out), "--workspace", workspace.slug
    )
    found = pd.read_parquet(out)
    assert len(found) == len(given)
    from experiments.services.version_files import load_scorer

    assert found["value"].tolist() == pytest.approx(load_scorer(version).predict(given).tolist())
    assert set(found["version"]) == {version.number}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "lists.csv"], "parquet"),
        (["--out", "/nowhere/lists.parquet"], "no folder"),
        (["--out", "lists.parquet", "--n", "0"], "1 to 1,000"),
        (["--out", "lists.parquet", "--number", "9.9.9"], "known"),
    ],
)
def test_what_cannot_be_written_is_refused_with_what_can(workspace, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    live_version(workspace)
    with pytest.raises(CommandError, match=words):
        run("recommend_all", "Films", *arguments, "--workspace", workspace.slug)
    assert list(Path.cwd().iterdir()) == []


def test_a_damaged_file_for_serving_is_made_again_on_demand(workspace, tmp_path):
    version = live_version(workspace)
    (version.path / SERVING_FILE).write_bytes(b"damaged by somebody")
    out = str(tmp_path / "lists.parquet")
    with pytest.raises(CommandError, match="SHA-256"):
        run("recommend_all", "Films", "--out", out, "--workspace", workspace.slug)
    run("prepare_serving", "Films", "--again", "--workspace", workspace.slug)
    assert "users" in run("recommend_all", "Films", "--out", out, "--workspace", workspace.slug)


def test_traffic_is_shown_and_changed(workspace):
    from experiments.tests.registered import make_version
    from mlopspro.serving.tests.conftest import put_live

    assert "nobody answers" not in run("traffic", live_version(workspace).model.name, "--workspace", workspace.slug)
    other = put_live(make_version(workspace, "Films", architecture="ease"), "staging")
    shown = run("traffic", "Films", "--challenger", other.number, "--share", "0.25", "--workspace", workspace.slug)
    assert "75.0%" in shown
    assert "25.0%" in shown
    assert "10.0%" in run(
        "traffic", "Films", "--challenger", other.number, "--share", "0.1", "--workspace", workspace.slug
    )
    assert other.number not in run("traffic", "Films", "--stop", other.number, "--workspace", workspace.slug)
    with pytest.raises(CommandError, match="--share is missing"):
        run("traffic", "Films", "--challenger", other.number, "--workspace", workspace.slug)
