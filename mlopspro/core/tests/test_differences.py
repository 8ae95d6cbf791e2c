from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlopspro.core.differences import changed_lines

texts = st.lists(st.sampled_from(["a", "b", "c", "d: 1", ""]), max_size=30).map("\n".join)


@given(texts, texts)
def test_the_lines_rebuild_both_texts(before: str, after: str) -> None:
    """With no unchanged line left out, what is not added is the old text and what is not removed the new one."""
    lines = changed_lines(before, after, around=1000)
    if before.splitlines() != after.splitlines():
        assert [line.text for line in lines if line.kind in ("same", "removed")] == before.splitlines()
        assert [line.text for line in lines if line.kind in ("same", "added")] == after.splitlines()
    else:
        assert all(line.kind == "same" for line in lines)


def test_long_unchanged_stretches_become_one_line() -> None:
    before = "\n".join(f"line {i}" for i in range(40))
    lines = changed_lines(before, before.replace("line 20", "line XX"), around=2)
    assert [(line.kind, line.text) for line in lines] == [
        ("skipped", "18"), ("same", "line 18"), ("same", "line 19"), ("removed", "line 20"), ("added", "line XX"),
        ("same", "line 21"), ("same", "line 22"),
    ]  # fmt: skip


def test_equal_texts_have_no_changed_lines() -> None:
    assert changed_lines("a\nb", "a\nb") == []
