"""Segments of users and of items, and what is reported for each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.learning.metrics.segments import ITEM_SEGMENTS, USER_SEGMENTS, item_segments, user_segments
from experiments.tests.metrics import by_hand
from experiments.tests.metrics.scenes import random_scene, result, scenes

counts = st.lists(st.integers(0, 40), min_size=1, max_size=60).map(np.array)


@given(counts, st.integers(0, 10))
def test_every_user_is_in_exactly_one_segment(values, new_user_max):
    segments = user_segments(values, new_user_max)
    assert tuple(segments) == USER_SEGMENTS
    assert (np.sum(list(segments.values()), axis=0) == 1).all()
    assert (segments["new_users"] == (values <= new_user_max)).all()


@given(counts)
def test_users_are_ordered_by_their_number_of_interactions(values):
    segments = user_segments(values, 5)
    kept = [values[segments[name]] for name in USER_SEGMENTS if segments[name].any()]
    for fewer, more in pairwise(kept):
        assert fewer.max() < more.min()


def test_thirds_where_counts_differ():
    segments = user_segments(np.arange(6, 66), 5)
    assert [int(segments[name].sum()) for name in USER_SEGMENTS] == [0, 20, 20, 20]


def test_a_count_on_the_border_of_a_third_belongs_to_the_lower_one():
    segments = user_segments(np.arange(6, 13), 5)
    assert [int(segments[name].sum()) for name in USER_SEGMENTS] == [0, 3, 2, 2]


@given(counts)
def test_head_is_the_smallest_set_of_popular_items_with_half_of_all(values):
    segments = item_segments(values)
    head = segments["head_items"]
    assert (segments["tail_items"] == ~head).all()
    assert values[head].sum() * 2 >= values.sum()
    if head.any():
        assert (values[head].sum() - values[head].min()) * 2 < values.sum()
        assert not (~head).any() or values[head].min() >= values[~head].max()


@given(scenes())
def test_metrics_of_user_segments_are_means_over_their_users(scene):
    evaluation = scene.evaluate(ks=(3,), new_user_max=1)
    trained = np.bincount([row[0] for row in scene.train], minlength=len(scene.scores))
    members = user_segments(trained, 1)
    lists = by_hand.catalogue_lists(scene)
    for segment in USER_SEGMENTS:
        each = [
            by_hand.values_of_list(items, relevant, 3)
            for user, (items, relevant) in lists.items()
            if members[segment][user]
        ]
        for key in ("precision", "recall", "ndcg"):
            found = result(evaluation, f"{key}_at_3", "catalogue", segment)
            assert found.value == pytest.approx(by_hand.mean(value[key] for value in each), abs=1e-9)
            assert found.users_counted == len(each)
        errors = [
            (np.clip(scene.scores[user, item], 1, 5) - value) ** 2
            for user, item, value in scene.test
            if members[segment][user]
        ]
        rmse = result(evaluation, "rmse", "pointwise", segment).value
        assert rmse == pytest.approx(by_hand.mean(errors) ** 0.5 if errors else None, abs=1e-6)


@given(scenes())
def test_metrics_of_item_segments_look_at_their_items_only(scene):
    k = 3
    evaluation = scene.evaluate(ks=(k,))
    members = item_segments(np.bincount([row[1] for row in scene.train], minlength=scene.num_items))
    for segment in ITEM_SEGMENTS:
        precisions, recalls, gains = [], [], []
        for items, relevant in by_hand.catalogue_lists(scene).values():
            wanted = {item for item in relevant if members[segment][item]}
            if not wanted:
                continue
            shown = [item for item in items[:k] if members[segment][item]]
            hits = sum(item in wanted for item in shown)
            precisions.append(hits / len(shown) if shown else 0.0)
            recalls.append(hits / len(wanted))
            gains.append(by_hand.values_of_list(items, wanted, k)["ndcg"])
        for key, values in (("precision", precisions), ("recall", recalls), ("ndcg", gains)):
            found = result(evaluation, f"{key}_at_{k}", "catalogue", segment)
            assert found.value == pytest.approx(by_hand.mean(values), abs=1e-9)
            assert found.users_counted == len(values)


def test_every_segment_is_reported_under_every_protocol():
    evaluation = random_scene(41).evaluate()
    for segment in (*USER_SEGMENTS, *ITEM_SEGMENTS):
        for protocol in ("rated", "catalogue"):
            names = {m.name for m in evaluation.metrics if (m.protocol, m.segment) == (protocol, segment)}
            assert names == {"precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10"}
        assert result(evaluation, "rmse", "pointwise", segment).protocol == "pointwise"
