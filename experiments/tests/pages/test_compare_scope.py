"""Runs measured alike: the groups a page marks are those that the rules of comparability allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.comparison.comparability import RunRecord, comparability
from experiments.selectors.comparison_scope import Scope

DEFINED = {"definition": "1", "relevance": "4 or more", "relevant_from": 4.0, "candidates": "all", "ks": [10]}
SPLIT = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 1}
records = st.builds(
    RunRecord,
    key=st.just(""),
    name=st.just("run"),
    dataset_sha256=st.sampled_from(["a", "b", None]),
    dataset_id=st.sampled_from(["1", "2"]),
    split=st.sampled_from([SPLIT, {**SPLIT, "seed": 2}, {**SPLIT, "validation_share": 0.2}, {"method": "given"}, {}]),
    protocols=st.sampled_from([{"rated": DEFINED}, {"rated": {**DEFINED, "cut": 3.5}},
                               {"rated": {**DEFINED, "relevant_from": 3.0}}, {}]),
    definitions=st.sampled_from([{"rated": {"f1_at_10": "1"}}, {"rated": {"f1_at_10": "2"}}, {"rated": {}}]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(records, min_size=1, max_size=5))
def test_groups_are_those_in_which_every_pair_may_have_a_verdict(given_records):
    runs = [replace(record, key=str(number)) for number, record in enumerate(given_records)]
    allowed = comparability(runs).groups("rated", "f1_at_10")
    found = Scope(comparability(runs)).groups(("rated", "f1_at_10"))
    assert {frozenset(group) for group in allowed} == set(found)
