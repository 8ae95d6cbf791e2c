"""Log files stay bounded while their writers keep them open."""

from __future__ import annotations

from mlopspro.supervisor.logs import rotate


def test_a_large_log_is_emptied_under_its_writer_and_older_ones_move_on(tmp_path):
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        for generation in range(5):
            writer.write(f"generation {generation} ".encode() + b"x" * 100)
            assert rotate(tmp_path, max_bytes=100, kept=3) == [log]
        writer.write(b"after")
    assert log.read_bytes() == b"after"
    kept = [(tmp_path / f"web.log.{number}").read_text().split(" x")[0] for number in (1, 2, 3)]
    assert kept == ["generation 4", "generation 3", "generation 2"]
    assert not (tmp_path / "web.log.4").exists()


def test_a_small_log_is_left_alone(tmp_path):
    (tmp_path / "web.log").write_text("short")
    assert rotate(tmp_path) == []
    assert (tmp_path / "web.log").read_text() == "short"
