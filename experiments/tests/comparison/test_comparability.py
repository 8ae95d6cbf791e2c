"""Runs of other data or protocols are never compared silently."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.learning.comparison.aspects import ASPECTS
from experiments.learning.comparison.comparability import Comparability, RunRecord, comparability
from experiments.learning.data.splits import SplitSpec, split
from experiments.tests.data.builders import random_table
from experiments.tests.data.test_splits import with_part
from experiments.tests.metrics.scenes import random_scene

PROTOCOLS = random_scene(1).evaluate().protocols
DEFINITIONS = {
    "rated": {"f1_at_10": "1", "ndcg_at_10": "1"},
    "catalogue": {"ndcg_at_10": "1", "ndcg_at_50": "1", "coverage_at_10": "1"},
    "pointwise": {"rmse": "1"},
}
SPLIT = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42}
A = RunRecord("a", "Run A", "sha-1", "MovieLens", "data-1", SPLIT, PROTOCOLS, DEFINITIONS)
METRICS = [("catalogue", "ndcg_at_10"), ("rated", "f1_at_10"), ("pointwise", "rmse")]


def beside(other: RunRecord, *more: RunRecord) -> Comparability:
    return comparability([A, replace(other, key="b", name="Run B"), *more])


def with_protocol(name, **changes):
    return replace(A, protocols={**PROTOCOLS, name: {**PROTOCOLS[name], **changes}})


def with_split(**changes):
    return replace(A, split={**SPLIT, **changes})


def levels(found: Comparability) -> list[str]:
    return [found.pair("a", "b", protocol, metric).level for protocol, metric in METRICS]


def texts(found: Comparability) -> list[str]:
    return [difference.text for difference in found.differences()]


def test_runs_of_the_same_data_split_and_protocols_have_a_verdict_and_nothing_to_say():
    found = beside(A)
    assert levels(found) == ["verdict"] * 3
    assert found.differences() == ()
    assert found.pair("a", "b", "rated", "f1_at_10").reasons == ()


def test_another_dataset_is_not_comparable():
    found = beside(replace(A, dataset_sha256="sha-2", dataset_name="Steam", split={**SPLIT, "seed": 1}))
    assert levels(found) == ["none"] * 3
    assert texts(found) == ["Run B used another dataset (Steam, not MovieLens): not comparable."]


def test_the_same_name_with_other_content_is_another_dataset():
    found = beside(replace(A, dataset_sha256="sha-2"))
    assert texts(found) == ["Run B used other content of the dataset MovieLens: not comparable."]


def test_a_copy_of_the_data_with_a_split_that_does_not_draw_is_comparable():
    """A random split draws by position, and copies may have their rows in another order; others go by content."""
    assert levels(beside(replace(A, dataset_id="data-2"))) == ["figures"] * 3
    by_time = {"split": {"method": "time", "test_share": 0.2, "validation_share": 0.1, "seed": 42}}
    copy = replace(A, key="b", dataset_id="data-2", **by_time)
    assert comparability([replace(A, **by_time), copy]).pair("a", "b", *METRICS[0]).level == "verdict"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 7}, "Run B used another split seed (7, not 42): the test ratings differ"),
        ({"test_share": 0.3}, "Run B used another test share (0.3, not 0.2): the test ratings differ"),
        (
            {"method": "leave_last_out"},
            "Run B used another split (leave last out, not random): the test ratings differ",
        ),
    ],
)
def test_another_test_part_leaves_figures_without_a_verdict(changes, words):
    found = beside(with_split(**changes))
    assert levels(found) == ["figures"] * 3
    assert words in texts(found)[0]
    assert words in found.pair("a", "b", "rated", "f1_at_10").reasons[0]


@pytest.mark.parametrize("method", ["time", "leave_last_out", "given"])
def test_a_split_seed_that_draws_no_test_rating_does_not_matter_to_the_verdict(method):
    one = replace(A, split={**SPLIT, "method": method})
    other = replace(A, key="b", split={**one.split, "seed": 7})
    assert comparability([one, other]).pair("a", "b", "rated", "f1_at_10").level == "verdict"


def test_what_decides_the_test_part_is_what_the_splits_do():
    """Against the splits themselves: settings held not to matter give the same test rows, those that do others."""
    interactions = with_part(random_table(1), 1)
    for method in ("random", "time", "leave_last_out", "given"):
        usual = SPLIT | {"method": method}
        for changes in ({"seed": 7}, {"test_share": 0.5}, {"validation_share": 0.3}):
            tests = [
                tuple(split(interactions, SplitSpec(**(usual | change))).test.tolist()) for change in ({}, changes)
            ]
            records = [replace(A, key=key, split=usual | change) for key, change in (("a", {}), ("b", changes))]
            same = comparability(records).pair("a", "b", "rated", "f1_at_10").level == "verdict"
            assert same == (tests[0] == tests[1]), (method, changes)


def test_another_validation_share_is_said_and_compared():
    found = beside(with_split(validation_share=0.3))
    assert levels(found) == ["verdict"] * 3
    assert "the test ratings are the same" in texts(found)[0]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"relevant_from": 3.5, "relevance": "test rating of 3.5 or more"}, "relevance"),
        ({"candidates": "a hundred drawn items"}, "candidates"),
        ({"definition": "2"}, "protocol"),
    ],
)
def test_another_rule_is_not_comparable_under_that_protocol_only(changes, kind):
    found = beside(with_protocol("catalogue", **changes))
    assert levels(found) == ["none", "verdict", "verdict"]
    (difference,) = found.differences()
    assert (difference.kind, difference.protocol, difference.left) == (kind, "catalogue", "none")
    assert found.differences("rated") == ()


def test_another_scale_is_not_comparable():
    assert levels(beside(with_protocol("pointwise", scale=[0.5, 5])))[2] == "none"


def test_cuts_differ_by_design():
    found = beside(with_protocol("rated", cut=3.14))
    assert levels(found) == ["verdict"] * 3
    assert "by design" in texts(found)[0]


def test_other_list_lengths_are_said_and_what_both_have_is_compared():
    other = with_protocol("catalogue", ks=[10])
    other = replace(other, definitions={**DEFINITIONS, "catalogue": {"ndcg_at_10": "1"}})
    found = beside(other)
    assert found.pair("a", "b", "catalogue", "ndcg_at_10").level == "verdict"
    missing = found.pair("a", "b", "catalogue", "ndcg_at_50")
    assert missing.level == "none"
    assert missing.reasons == ("Run B has no ndcg_at_50 under the catalogue protocol.",)
    assert "(10, not 10, 50, 100)" in texts(found)[0]


def test_another_version_of_a_metric_is_not_comparable():
    found = beside(replace(A, definitions={**DEFINITIONS, "pointwise": {"rmse": "2"}}))
    assert levels(found) == ["verdict", "verdict", "none"]
    assert "version 2 of the definition of rmse" in texts(found)[0]


def test_a_run_without_per_user_results_keeps_its_figures():
    found = beside(replace(A, per_user=False, why_no_per_user="the file is missing"))
    assert levels(found) == ["figures"] * 3
    assert texts(found) == ["Run B has no per-user results (the file is missing): its figures have no verdict."]


def test_a_run_logged_elsewhere_is_side_by_side_and_what_is_not_recorded_is_said():
    logged = {"logged": {"ndcg_at_10": "1"}}
    other = replace(A, dataset_sha256=None, split={}, protocols={}, definitions=logged, per_user=False, origin="MLflow")
    found = beside(other)
    pair = found.pair("a", "b", "catalogue", "ndcg_at_10")
    assert pair.level == "figures"
    assert len(pair.reasons) == 3
    assert "It is not recorded which data Run B used" in pair.reasons[0]
    assert "It is not recorded how Run B measured" in pair.reasons[1]
    assert "logged to MLflow" in pair.reasons[2]
    assert found.pair("a", "b", "pointwise", "rmse").level == "none"


def test_two_runs_of_which_nothing_is_recorded_are_not_taken_to_be_alike():
    unknown = replace(A, dataset_sha256=None, split={})
    found = comparability([unknown, replace(unknown, key="b", name="Run B")])
    assert levels(found) == ["figures"] * 3
    assert "Run A and Run B" in texts(found)[0]


def test_a_known_dataset_with_an_unknown_split_is_side_by_side():
    found = beside(replace(A, split={}))
    assert levels(found) == ["figures"] * 3
    assert texts(found) == [
        "It is not recorded how Run B split the data: figures stand side by side without a verdict."
    ]


def test_a_metric_of_the_whole_run_has_no_verdict():
    pair = comparability([A, replace(A, key="b")], metric_label=str.upper).pair("a", "b", "catalogue", "coverage_at_10")
    assert pair.level == "figures"
    assert pair.reasons == ("COVERAGE_AT_10 has no value of each user, so no verdict.",)


def test_a_missing_protocol_is_said():
    found = beside(replace(A, definitions={"catalogue": DEFINITIONS["catalogue"]}))
    assert levels(found) == ["verdict", "none", "none"]
    assert "Run B has no figures under the rated protocol." in texts(found)


def test_runs_are_grouped_by_what_can_be_compared():
    more = [
        replace(A, key="b"),
        replace(with_split(seed=1), key="c"),
        replace(with_split(seed=1), key="d"),
        replace(A, key="e", dataset_sha256="sha-2"),
    ]
    found = comparability([A, *more])
    assert found.groups("rated", "f1_at_10") == (("a", "b"), ("c", "d"), ("e",))
    assert found.groups("rated", "f1_at_10", "figures") == (("a", "b", "c", "d"), ("e",))


def test_the_odd_one_out_is_the_one_that_is_named():
    found = comparability([replace(with_split(seed=1), key="x", name="X"), A, replace(A, key="b", name="Run B")])
    assert [difference.runs for difference in found.differences()] == [("x",)]
    assert texts(found)[0].startswith("X used another split seed (1, not 42)")


def test_splits_are_compared_within_each_dataset():
    """Two datasets of two runs each: a split that differs within the second is not hidden behind the first."""
    second = replace(A, dataset_sha256="sha-2", dataset_name="Steam")
    runs = [A, replace(A, key="b"), replace(second, key="c", name="C")]
    runs.append(replace(second, key="d", name="D", split={**SPLIT, "seed": 3}))
    assert any(text.startswith("D used another split seed (3, not 42)") for text in texts(comparability(runs)))


def test_every_pair_below_a_verdict_has_a_reason():
    """Never silent: whatever differs, a lower level comes with words."""
    others = [
        replace(A, dataset_sha256=None),
        replace(A, split={}),
        replace(A, protocols={}),
        replace(A, definitions={}),
        replace(A, per_user=False),
        with_split(seed=1),
        *(with_protocol("catalogue", **{name: "other"}) for name in ("definition", "relevance", "candidates")),
        with_protocol("rated", scale=[1, 10]),
    ]
    for other in others:
        found = beside(other)
        for protocol, metric in METRICS:
            pair = found.pair("a", "b", protocol, metric)
            assert (pair.level == "verdict") or pair.reasons
            assert (pair.level == "verdict") or found.differences()


def test_a_run_given_twice_and_an_unknown_one_are_refused():
    with pytest.raises(ValueError, match="given twice"):
        comparability([A, A])
    with pytest.raises(KeyError):
        beside(A).pair("a", "nobody", *METRICS[0])


def test_aspects_name_only_earlier_ones_as_their_ground():
    seen: set[str] = set()
    for aspect in ASPECTS:
        assert seen.issuperset(aspect.within)
        seen.add(aspect.kind)
