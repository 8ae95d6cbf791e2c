"""Mapped models: what was checked is what is used, damage is found, and nothing but strict safetensors is read."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from safetensors.numpy import save

from experiments.learning.mapped_files import map_arrays
from experiments.learning.model_files import ArtifactError

NAME = "scorer.safetensors"


def stored(folder, content: bytes) -> dict[str, str]:
    (folder / NAME).write_bytes(content)
    return {NAME: hashlib.sha256(content).hexdigest()}


def with_header(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(kind="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": kind, "shape": list(shape), "data_offsets": list(offsets)}


SHAPES = np_st.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
DTYPES = [np.float32, np.float64, np.float16, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint32, np.bool_]


@given(arrays=st.dictionaries(
    st.text("abcdefgh_", min_size=1, max_size=6),
    st.sampled_from(DTYPES).flatmap(lambda kind: np_st.arrays(kind, SHAPES)),
    min_size=1, max_size=5,
))  # fmt: skip
def test_what_the_format_s_own_library_writes_is_read_back_to_the_bit(arrays, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mapped")
    expected = stored(folder, save({name: np.ascontiguousarray(each) for name, each in arrays.items()}, {"a": "b"}))
    found = map_arrays(folder, NAME, expected)
    assert found.arrays.keys() == arrays.keys()
    for name, array in found.arrays.items():
        assert array.dtype == arrays[name].dtype
        assert array.shape == np.ascontiguousarray(arrays[name]).shape
        assert array.tobytes() == np.ascontiguousarray(arrays[name]).tobytes()
    assert found.metadata == {"a": "b"}


def test_arrays_are_read_only_views_of_one_mapping(tmp_path):
    found = map_arrays(tmp_path, NAME, stored(tmp_path, save({"a": np.arange(4.0), "b": np.arange(3)})))
    with pytest.raises(ValueError):
        found.arrays["a"][0] = 1
    assert not found.arrays["a"].flags.owndata


def test_a_removed_or_replaced_file_leaves_what_is_mapped(tmp_path):
    expected = stored(tmp_path, save({"a": np.arange(4.0)}))
    found = map_arrays(tmp_path, NAME, expected)
    assert found.state() == "same"
    (tmp_path / NAME).unlink()
    assert found.state() == "gone"
    (tmp_path / NAME).write_bytes(save({"a": np.zeros(4)}))
    assert found.arrays["a"].tolist() == [0, 1, 2, 3]


def test_a_file_that_is_written_to_is_noticed(tmp_path):
    found = map_arrays(tmp_path, NAME, stored(tmp_path, save({"a": np.arange(4.0)})))
    with (tmp_path / NAME).open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x01")
    assert found.state() == "written"


@pytest.mark.parametrize("place", [0, 9, 40, -1])
def test_a_flipped_byte_is_refused_wherever_it_is(tmp_path, place):
    content = bytearray(save({"a": np.arange(4.0)}))
    expected = stored(tmp_path, bytes(content))
    content[place] ^= 1
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ArtifactError, match="SHA-256"):
        map_arrays(tmp_path, NAME, expected)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        (1 << 62).to_bytes(8, "little") + b"{}",
        with_header(b"{"),
        with_header(b"[]"),
        with_header({"a": entry()}, bytes(7)),
        with_header({"a": entry()}, bytes(9)),
        with_header({"a": entry(offsets=(4, 12))}, bytes(12)),
        with_header({"a": entry(), "b": entry(offsets=(4, 12))}, bytes(12)),
        with_header({"a": entry(shape=(3,))}, bytes(8)),
        with_header({"a": entry(shape=(-2,), offsets=(0, 8))}, bytes(8)),
        with_header({"a": entry(shape=(2.0,))}, bytes(8)),
        with_header({"a": entry(shape=(True, 2))}, bytes(8)),
        with_header({"a": entry(kind="object")}, bytes(8)),
        with_header({"a": {"dtype": "F32"}}, bytes(8)),
        with_header({"a": 7}, bytes(8)),
        with_header(b"{" + b", ".join([b'"a": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}'] * 2) + b"}", bytes(8)),
        with_header({"__metadata__": {"a": 1}}),
        with_header(b"[" * 100_000),
    ],
)  # fmt: skip
def test_anything_else_is_refused_before_it_is_used(tmp_path, content):
    with pytest.raises(ArtifactError):
        map_arrays(tmp_path, NAME, stored(tmp_path, content))


def test_links_missing_files_and_files_without_a_record_are_refused(tmp_path):
    expected = stored(tmp_path, save({"a": np.arange(4.0)}))
    with pytest.raises(ArtifactError, match="no recorded"):
        map_arrays(tmp_path, NAME, {})
    (tmp_path / NAME).rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="missing"):
        map_arrays(tmp_path, NAME, expected)
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match="regular"):
        map_arrays(tmp_path, NAME, expected)
