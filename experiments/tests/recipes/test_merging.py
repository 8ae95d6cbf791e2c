"""Merge patches: the examples of RFC 7396 themselves, and what must hold of any manifest."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.recipes.differences import differences, leaves, path_of
from experiments.recipes.merging import merge, patch_between, same
from experiments.recipes.provenance import origins

NAMES = st.sampled_from(["a", "b", "c", "d", "é"])
SCALARS = st.one_of(st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.text(max_size=3))
LISTS = st.lists(SCALARS, max_size=3)
VALUES = st.recursive(st.one_of(SCALARS, LISTS), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
PATCHES = st.dictionaries(
    NAMES,
    st.recursive(
        st.one_of(st.none(), SCALARS, LISTS), lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12
    ),
    max_size=4,
)


@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [  # appendix A of RFC 7396, those whose two sides are objects
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_the_examples_of_the_standard(original, patch, result):
    assert merge(original, patch) == result


def oracle(target, patch):
    """The pseudocode of section 2, word for word."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    target = dict(target)
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = oracle(target.get(name), value)
    return target


@given(OBJECTS, PATCHES)
@settings(max_examples=150, deadline=None)
def test_any_merge_is_the_standards_own(target, patch):
    before = copy.deepcopy((target, patch))
    assert merge(target, patch) == oracle(target, patch)
    assert (target, patch) == before


@given(OBJECTS, OBJECTS)
@settings(max_examples=150, deadline=None)
def test_a_patch_between_two_leads_from_one_to_the_other(parent, child):
    patch = patch_between(parent, child)
    assert same(merge(parent, patch), child)
    assert (patch == {}) == same(parent, child)


@given(OBJECTS, OBJECTS)
@settings(max_examples=150, deadline=None)
def test_differences_name_each_leaf_that_differs_once(before, after):
    found = differences(before, after)
    paths = [change.path for change in found]
    assert len(paths) == len(set(paths))
    was = {path_of(parts): value for parts, value in leaves(before).items()}
    now = {path_of(parts): value for parts, value in leaves(after).items()}
    scalar = {path for path in was.keys() | now.keys() if was.get(path) != {} and now.get(path) != {}}
    expected = {path for path in scalar if path not in was or path not in now or not same(was[path], now[path])}
    assert expected <= set(paths)
    for change in found:
        assert change.kind in ("added", "removed", "changed")
        assert change.path in was or change.kind == "added"
        assert change.path in now or change.kind == "removed"


def test_true_is_no_one_and_one_is_one_point_nought():
    assert not same(True, 1)
    assert same(1, 1.0)
    assert not same([1, True], [1, 1])
    assert [change.kind for change in differences({"a": 1}, {"a": True})] == ["changed"]
    assert differences({"a": 1}, {"a": 1.0}) == []


def test_a_list_is_one_value():
    assert merge({"a": [1, 2], "b": 1}, {"a": [2]}) == {"a": [2], "b": 1}
    (change,) = differences({"a": [1, 2]}, {"a": [2]})
    assert (change.path, change.before, change.after) == ("a", [1, 2], [2])


@given(st.lists(PATCHES, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_each_leaf_has_one_origin_that_said_it(patches):
    layers = [(f"level {place}", patch) for place, patch in enumerate(patches)]
    whole: dict = {}
    for patch in patches:
        whole = merge(whole, patch)
    found = origins(layers, whole)
    assert set(found) == {path_of(parts) for parts in leaves(whole)}
    for parts, value in leaves(whole).items():
        if value == {}:
            continue  # an object may be empty because a level took the last entry out
        place = int(found[path_of(parts)].removeprefix("level "))
        assert same(said(patches[place], parts), value)
        for later in patches[place + 1 :]:
            assert said(later, parts) is None


def said(patch, parts):
    for part in parts:
        patch = patch.get(part) if isinstance(patch, dict) else None
    return None if isinstance(patch, dict) else patch


def test_what_no_level_says_is_of_the_schema():
    baseline = {"family": "pricing", "pipeline": {"training": {"architecture": "log_log_elasticity", "seed": 7}}}
    client = {"pipeline": {"training": {"seed": None}, "deployment": {"list_length": 5}}}
    found = origins([("baseline", baseline), ("client", client)])
    assert found["pipeline.training.architecture"] == "baseline"
    assert found["pipeline.training.seed"] == "default"
    assert found["pipeline.deployment.list_length"] == "client"
    assert found["pipeline.quality.on_failure"] == "default"
