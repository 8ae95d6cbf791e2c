"""The spool keeps what it took, whatever dies; it never raises; and what could not be kept is counted."""

from __future__ import annotations

import json
import os
import resource
import threading

import pytest
from django.utils import timezone

from mlopspro.embedded.processes import wait_until
from monitoring.services import segments
from monitoring.services.log_rows import LoggedPrediction
from monitoring.services.prediction_ids import new_id
from monitoring.services.spool import Spool, oldest_pending, pending_bytes


def entry(**fields) -> LoggedPrediction:
    now = timezone.now()
    return LoggedPrediction(**({"id": new_id(now), "at": now, "source_id": 1, "items": ["1", "2"]} | fields))


def is_free(segment: segments.Segment) -> bool:
    with segments.Unused(segment.path) as unused:
        return unused is not None


def written(folder) -> list[dict]:
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]
    return [json.loads(line) for line in lines]


def test_threads_write_whole_lines_into_segments_of_bounded_size(tmp_path):
    spool = Spool(tmp_path, max_bytes=10_000)
    texts = ['é\n\t\\"' * 20, "", "x" * 500]

    def write(thread: int) -> None:
        for number in range(100):
            assert spool.append(entry(user=f"{thread}-{number}", error=texts[number % 3]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spool.close()
    assert sorted(one["user"] for one in written(tmp_path)) == sorted(f"{i}-{j}" for i in range(4) for j in range(100))
    sizes = [path.stat().st_size for path in tmp_path.glob("*.jsonl")]
    assert len(sizes) > 5
    assert max(sizes) <= 10_000
    assert not list(tmp_path.glob("*.new"))
    assert pending_bytes(tmp_path) == sum(sizes)


def test_a_segment_is_held_while_it_is_written_and_free_afterwards(tmp_path):
    spool = Spool(tmp_path)
    first = entry()
    spool.append(first)
    [segment] = segments.all_of(tmp_path)
    with segments.Unused(segment.path) as unused:
        assert unused is None
    assert oldest_pending(tmp_path) == first.at
    spool.close()
    assert wait_until(lambda: is_free(segment), 10), "its thread may be telling the disk just now"


def test_a_fork_writes_segments_of_its_own_and_does_not_hold_its_parents(tmp_path):
    spool = Spool(tmp_path)
    spool.append(entry(user="parent"))
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        spool.append(entry(user="child"))
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    try:
        spool.append(entry(user="parent"))
        spool.close()
        mine, its = sorted(segments.all_of(tmp_path), key=lambda one: -one.size)
        assert f"-{child}-" in its.path.name
        assert wait_until(lambda: is_free(mine), 10), "the child lives and has let go of it"
        with segments.Unused(its.path) as unused:
            assert unused is None
    finally:
        os.write(go[1], b"x")
        os.waitpid(child, 0)
    assert sorted(one["user"] for one in written(tmp_path)) == ["child", "parent", "parent"]


def test_a_full_disk_loses_entries_not_answers_and_leaves_no_half_line(tmp_path):
    """X19. The limit on a file's size stands for the disk: a write is cut off in the middle, then refused."""
    reports = []
    spool = Spool(tmp_path, report=lambda *told: reports.append(told))
    assert spool.append(entry(user="before"))
    [path] = tmp_path.glob("*.jsonl")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, before[1]))
    try:
        assert not spool.append(entry(user="cut off", error="x" * 200))
        assert not spool.append(entry(user="refused", error="x" * 200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert spool.append(entry(user="after"))
    assert [one["user"] for one in written(tmp_path)] == ["before", "after"]
    assert spool.lost == 2
    spool._tell()
    assert [number for number, _ in reports] == [2]
    spool._tell()
    assert len(reports) == 1, "told once"


def test_a_folder_that_cannot_be_made_and_an_entry_that_is_no_json_are_losses(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    spool = Spool(tmp_path / "file" / "spool")
    assert not spool.append(entry())
    assert "NotADirectory" in spool.last_error or "FileExists" in spool.last_error
    good = Spool(tmp_path / "spool")
    assert not good.append(entry(features={"a": object()}))
    assert good.append(entry())
    assert good.lost == 1


def test_losses_that_cannot_be_told_are_told_later(tmp_path):
    answers = iter([RuntimeError("database away"), None])
    told = []

    def report(number: int, detail: str) -> None:
        answer = next(answers)
        if answer is not None:
            raise answer
        told.append(number)

    spool = Spool(tmp_path, report=report)
    spool.append(entry(features={"a": object()}))
    spool._tell()
    spool._tell()
    assert told == [1]


def test_an_idle_segment_is_let_go_after_its_time(tmp_path):
    spool = Spool(tmp_path, max_seconds=0.0)
    spool.append(entry())
    spool._sync()
    [segment] = segments.all_of(tmp_path)
    assert wait_until(lambda: is_free(segment), 10)
    spool.append(entry())
    assert len(segments.all_of(tmp_path)) == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[1]"])
def test_notes_that_cannot_be_read_mean_reading_again(tmp_path, content):
    spool = Spool(tmp_path)
    spool.append(entry())
    (tmp_path / segments.SHIPPED).write_bytes(content)
    [segment] = segments.all_of(tmp_path)
    assert segment.shipped == 0
    assert segment.pending == segment.size > 0
