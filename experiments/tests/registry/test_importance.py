"""What versions depend on: worked out after the registration from the version's own files, shown, compared."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from experiments import tasks
from experiments.models import ModelVersion
from experiments.selectors.importance import importance_change, importance_distance
from experiments.services import importance, locks
from experiments.services.explained_model import CannotExplain
from experiments.tests.registered import make_model, make_version
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


@pytest.fixture(autouse=True)
def tried_nothing():
    importance.forget()
    yield
    importance.forget()


def stored(version):
    return ModelVersion.objects.get(pk=version.pk).importance


@pytest.fixture
def version(workspace):
    return make_version(workspace, architecture="item_knn")


@pytest.fixture
def of_places(workspace):
    run = trained_run(stored_table(workspace, "location_scoring"), "places", "place_ridge")
    return make_version(workspace, make_model(workspace, "places", family="location_scoring"), run=run)


def test_the_worker_fills_what_is_registered_once(version, of_places):
    assert version.importance == []
    tasks.register_completed()
    for each in (version, of_places):
        found = stored(each)
        assert sum(part["share"] for part in found) == pytest.approx(1, abs=1e-4)
        assert [part["share"] for part in found] == sorted((part["share"] for part in found), reverse=True)
        assert {frozenset(part) for part in found} == {frozenset({"name", "share"})}
    assert importance.fill_pending(5) == 0


def test_a_table_names_columns_and_a_recommender_parts(version, of_places):
    importance.fill_pending(10)
    assert {part["name"] for part in stored(of_places)} >= set(of_places.dataset.roles["numeric"])
    assert {part["name"] for part in stored(version)} <= {
        "What the user did", "Mean of all ratings", "User's own level", "Item's own level",
    }  # fmt: skip


def test_files_that_changed_give_none_and_are_not_read_again_and_again(version, monkeypatch):
    file = version.files.get(name="scorer.safetensors").file
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CannotExplain, match="SHA-256"):
        importance.importance_of(version)
    assert importance.fill_pending(5) == 0
    monkeypatch.setattr(importance, "importance_of", lambda _: pytest.fail("it was read again"))
    assert importance.fill_pending(5) == 0
    assert stored(version) == []


def test_two_workers_do_not_fill_at_once(version):
    from django.db import connections

    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [locks.IMPORTANCE])
        assert importance.fill_pending(5) == 0
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [locks.IMPORTANCE])
    finally:
        other.close()
    assert importance.fill_pending(5) == 1


def test_the_command_fills_old_versions_and_says_which_have_none(workspace, version, capsys):
    call_command("fill_importance", workspace=workspace.slug)
    assert "1 filled, 0 without" in capsys.readouterr().out
    call_command("fill_importance", workspace=workspace.slug)
    assert "0 filled" in capsys.readouterr().out
    ModelVersion.objects.filter(pk=version.pk).update(importance=[{"name": "old", "share": 1.0}])
    call_command("fill_importance", workspace=workspace.slug, again=True)
    assert stored(version)[0]["name"] != "old"


def test_changes_are_ordered_by_size_and_the_distance_is_half_their_sum():
    a = ModelVersion(importance=[{"name": "age", "share": 0.7}, {"name": "income", "share": 0.3}])
    b = ModelVersion(importance=[{"name": "age", "share": 0.2}, {"name": "kind", "share": 0.8}])
    assert [(each.name, each.before, each.after) for each in importance_change(a, b)] == [
        ("kind", 0.0, 0.8), ("age", 0.7, 0.2), ("income", 0.3, 0.0),
    ]  # fmt: skip
    assert importance_distance(a, b) == pytest.approx(0.8)
    assert importance_distance(a, a) == 0
    assert [each.points for each in importance_change(a, b)] == ["+80.0", "−50.0", "−30.0"]
    assert importance_distance(a, ModelVersion(importance=[])) is None
    assert importance_change(a, ModelVersion(importance=[])) == []
