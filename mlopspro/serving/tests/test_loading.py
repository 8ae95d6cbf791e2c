"""What is live reaches the process, and what is damaged does not: promotion, missing and changed files, outages."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from experiments.models import ModelFile, ModelVersion
from experiments.services import promotion, traffic
from experiments.services.serving_files import SERVING_FILE, catalogue_of
from experiments.tests.registered import make_version
from mlopspro.serving import loaded, loading
from mlopspro.serving.answers import NotReady, recommend
from mlopspro.serving.tests.conftest import live_version, logged, put_live
from mlopspro.testing.people import make_workspace

FILE = "scorer.safetensors"


def flip(version: ModelVersion, name: str = FILE) -> None:
    """A byte of a file changes in place. Its run's file is another one from then on, as a copy is made first."""
    path = version.path / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def own_copy(version: ModelVersion) -> None:
    """Files of its own: versions share theirs with their run by hard links."""
    for file in version.files.all():
        content = file.file.read_bytes()
        file.file.unlink()
        file.file.write_bytes(content)


def test_a_version_is_prepared_at_registration_and_verified_like_the_rest(workspace):
    version = make_version(workspace)
    stored = version.files.get(name=SERVING_FILE)
    assert stored.kind == "serving"
    assert stored.file.stat().st_size == stored.size_bytes
    assert promotion.verify_files(version) == []
    flip(version, SERVING_FILE)
    assert [problem.name for problem in promotion.verify_files(version)] == [SERVING_FILE]


def test_one_that_was_never_prepared_is_prepared_when_it_is_loaded(workspace):
    version = make_version(workspace, "Films")
    ModelFile.objects.filter(version=version, name=SERVING_FILE).delete()
    (version.path / SERVING_FILE).unlink()
    put_live(version)
    assert recommend(workspace, "1").version == version.number
    assert ModelFile.objects.filter(version=version, name=SERVING_FILE).exists()


def test_a_promotion_is_answered_by_the_new_version_and_status_tells(workspace):
    first = live_version(workspace)
    assert recommend(workspace, "1").version == first.number
    second = live_version(workspace, architecture="ease")
    assert recommend(workspace, "1").version == second.number
    told = [one for one in loaded.status() if one.workspace_id == workspace.pk]
    assert [(one.version, one.role, one.problem) for one in told] == [(second.number, "champion", "")]
    assert told[0].size > 0


@pytest.mark.parametrize("name", [FILE, SERVING_FILE, "scorer.json"])
def test_a_damaged_champion_leaves_the_version_before_answering(workspace, name, monkeypatch):
    monkeypatch.setattr(loading, "AGAIN_SECONDS", 0.0)
    first = live_version(workspace)
    assert recommend(workspace, "1").version == first.number
    second = make_version(workspace, "Films", architecture="ease")
    own_copy(second)
    put_live(second)
    flip(second, name)
    found = recommend(workspace, "1")
    assert (found.version, found.stands_in_for, found.variant) == (first.number, second.number, "champion")
    (problem,) = loaded.problems(workspace.pk)
    assert (problem["version"], name in problem["problem"]) == (second.number, True)
    assert logged(workspace)[-1]["source_id"] == logged(workspace)[0]["source_id"], "logged as who answered"
    flip(second, name)
    assert recommend(workspace, "1").version == second.number, "and when it is whole again it answers"
    assert loaded.problems(workspace.pk) == []


def test_a_process_that_starts_with_a_damaged_champion_takes_the_one_before(workspace):
    first = live_version(workspace)
    second = make_version(workspace, "Films", architecture="ease")
    own_copy(second)
    put_live(second)
    (second.path / FILE).unlink()
    found = recommend(workspace, "1")
    assert (found.version, found.stands_in_for) == (first.number, second.number)


def test_without_any_whole_version_it_says_so(workspace):
    version = make_version(workspace, "Films")
    own_copy(version)
    put_live(version)
    flip(version)
    with pytest.raises(NotReady, match=FILE) as refused:
        recommend(workspace, "1")
    assert not refused.value.soon


def test_a_file_that_is_removed_while_it_serves_goes_on_serving_and_is_told(workspace):
    version = make_version(workspace, "Films")
    own_copy(version)
    put_live(version)
    before = recommend(workspace, "1", n=5).items
    (version.path / FILE).unlink()
    assert recommend(workspace, "1", n=5).items == before
    assert [FILE in one["problem"] for one in loaded.problems(workspace.pk)] == [True]


def test_a_file_that_is_written_to_while_it_serves_is_trusted_no_longer(workspace):
    first = live_version(workspace)
    second = make_version(workspace, "Films", architecture="ease")
    own_copy(second)
    put_live(second)
    assert recommend(workspace, "1").version == second.number
    flip(second)
    found = recommend(workspace, "1")
    assert (found.version, found.stands_in_for) == (first.number, second.number)


def test_a_challenger_that_cannot_be_loaded_leaves_its_users_to_the_champion(workspace):
    first = live_version(workspace)
    second = make_version(workspace, "Films", architecture="ease")
    own_copy(second)
    put_live(second, "staging")
    traffic.deploy(second, role="challenger", share=1.0, actor=None)
    assert recommend(workspace, "1").version == second.number
    flip(second)
    assert recommend(workspace, "1").version == first.number
    assert [one["version"] for one in loaded.problems(workspace.pk)] == [second.number]


@pytest.fixture
def watched(transactional_db, settings):
    """The thread of a web process, on a database that it can see."""
    settings.SERVING_POLL_SECONDS = 0.1
    yield make_workspace()
    loaded.forget()


def until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.02)


def test_promotions_in_the_middle_of_requests_drop_none_and_every_answer_is_one_version_s(watched):
    versions = [live_version(watched), make_version(watched, "Films", architecture="ease"),
                make_version(watched, "Films", architecture="popularity")]  # fmt: skip
    lists = {}
    found: list[tuple[str, tuple[str, ...]]] = []
    failed: list[Exception] = []
    over = threading.Event()
    user = catalogue_of(versions[0]).examples(1)[0]

    def ask() -> None:
        try:
            while not over.is_set():
                one = recommend(watched, user, n=5)
                found.append((one.version, tuple(item.item for item in one.items)))
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    recommend(watched, user)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in (*versions[1:], versions[0], versions[1]):
        if version.stage == "archived" or ModelVersion.objects.get(pk=version.pk).stage == "archived":
            promotion.rollback(version.model, actor=None, to_version=version)
        else:
            put_live(version)
        until(lambda number=version.number: found and found[-1][0] == number)
    over.set()
    for thread in threads:
        thread.join()
    assert failed == []
    for version, items in found:
        assert lists.setdefault(version, items) == items, "half of one version and half of another"
    assert set(lists) == {version.number for version in versions}


def test_what_is_loaded_answers_while_the_database_is_away_and_follows_when_it_is_back(watched, postgres_server):
    first = live_version(watched)
    second = make_version(watched, "Films", architecture="ease")
    workspace = watched
    assert recommend(workspace, "1").version == first.number
    connection.close()
    postgres_server.stop()
    try:
        for _ in range(20):
            assert recommend(workspace, "1").version == first.number
            time.sleep(0.02)
    finally:
        postgres_server.start()
    connection.close()
    put_live(second)
    until(lambda: recommend(workspace, "1").version == second.number)
