"""Datasets from the command line: imported with what was refused listed, generated, and refused in words."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from experiments.learning.data.snapshot import read_snapshot
from experiments.models import Dataset, DatasetImport
from experiments.tests.realdata import folder
from mlopspro.testing.people import make_workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(transactional_db, settings, tmp_path):
    settings.DATA_ROOT = tmp_path / "data"
    return make_workspace()


def run(*arguments: str, **options: object) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def ratings(tmp_path, rows: str):
    path = tmp_path / "ratings.csv"
    path.write_text(rows)
    return path


GOOD = "user,item,rating,time\n" + "".join(f"u{n % 7},i{n % 5},{1 + n % 5},{1_600_000_000 + n}\n" for n in range(35))


def test_a_file_becomes_a_dataset(workspace, tmp_path):
    out = run("import_dataset", str(ratings(tmp_path, GOOD)), name="Mine")
    dataset = Dataset.objects.get(name="Mine")
    assert (dataset.num_interactions, dataset.num_users, dataset.num_items) == (35, 7, 5)
    assert dataset.has_timestamps
    assert len(read_snapshot(dataset.path)) == 35
    assert str(dataset.pk) in out


def test_refused_rows_are_told_and_kept(workspace, tmp_path):
    out = run(
        "import_dataset", str(ratings(tmp_path, GOOD + "u1,i1,eleven,1600000000\n,i2,3,1600000000\n")), name="Mine"
    )
    dataset = Dataset.objects.get()
    assert dataset.num_refused == 2
    assert "2 rows were refused" in out
    assert (dataset.path / "refused.parquet").exists()


def test_what_cannot_be_read_ends_with_a_reason_and_leaves_no_dataset(workspace, tmp_path):
    with pytest.raises(CommandError, match="Accepted"):
        run("import_dataset", str(ratings(tmp_path, "user,item,rating\nu1,i1,3\n")), name="One user")
    assert not Dataset.objects.exists()
    assert DatasetImport.objects.get().status == "failed"


def test_a_name_that_is_taken_is_refused_before_anything_is_read(workspace, tmp_path):
    path = ratings(tmp_path, GOOD)
    run("import_dataset", str(path), name="Mine")
    with pytest.raises(CommandError, match="already"):
        run("import_dataset", str(path), name="Mine")


def test_a_file_that_is_not_there_is_named(workspace, tmp_path):
    with pytest.raises(CommandError, match="nowhere"):
        run("import_dataset", str(tmp_path / "nowhere.csv"))


def test_columns_can_be_named(workspace, tmp_path):
    text = GOOD.replace("user,item,rating,time", "wer,was,wie,wann").replace(",", ";")
    run(
        "import_dataset",
        str(ratings(tmp_path, text)),
        name="German",
        separator=";",
        user="wer",
        item="was",
        value="wie",
        timestamp="wann",
    )
    assert Dataset.objects.get().num_interactions == 35


def test_the_synthetic_data_is_the_same_for_the_same_seed(workspace):
    small = {"users": 50, "items": 30, "interactions": 600}
    run("generate_dataset", name="A", seed=3, **small)
    run("generate_dataset", name="B", seed=3, **small)
    run("generate_dataset", name="C", seed=4, **small)
    digests = dict(Dataset.objects.values_list("name", "sha256"))
    assert digests["A"] == digests["B"] != digests["C"]


def test_downloading_needs_consent(workspace, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="not accepted"):
        run("download_dataset", "movielens-100k")


@pytest.mark.realdata
def test_movielens_100k_is_imported_with_its_own_split(workspace):
    run("import_dataset", str(folder("ml-100k")), name="MovieLens", split="u1")
    dataset = Dataset.objects.get()
    assert (dataset.num_interactions, dataset.num_users, dataset.num_items) == (100_000, 943, 1_682)
    assert dataset.has_given_split
    assert dataset.num_refused == 0
    data = read_snapshot(dataset.path)
    assert (data.part == 1).sum() == 20_000


@pytest.mark.realdata
def test_steam_purchases_are_implicit_and_their_duplicates_counted(workspace):
    path = folder("steam-200k") / "game_purchase.dat"
    run("import_dataset", str(path), name="Steam", user="User_ID", item="Game_ID", feedback="implicit")
    dataset = Dataset.objects.get()
    assert dataset.feedback == "implicit"
    assert dataset.num_duplicates == 707
    assert dataset.num_interactions == 128_804
