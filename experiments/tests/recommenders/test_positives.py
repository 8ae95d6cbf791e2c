"""Which ratings and events count as liked, and how much."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.positives import PositiveParameters, liked
from experiments.learning.recommenders.registry import get
from experiments.tests.recommenders.tiny import Recorder, fold, ratings

RANKING = ["ease", "implicit_als", "bpr"]


def rated(values, feedback="explicit", scale=(1.0, 5.0)):
    """One user who gave these values to items 0, 1, 2 …"""
    data = ratings(users=1, items=len(values), rows=1, feedback=feedback)
    train = fold(np.zeros(len(values)), np.arange(len(values)), values)
    return dataclasses.replace(data, train=train, validation=train, scale=scale)


def test_ratings_weigh_by_their_place_on_the_scale():
    found = liked(rated([1, 2, 3, 4, 5]), PositiveParameters())
    assert found.train.value == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert found.validation.value == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert (found.feedback, found.scale) == ("implicit", None)


@pytest.mark.parametrize(
    ("scale", "values", "items"),
    [
        ((1.0, 5.0), [1, 2, 3, 4, 5], [3, 4]),
        ((0.5, 5.0), [0.5, 3.5, 4, 4.5, 5], [2, 3, 4]),
        ((0.0, 1.0), [0, 0.7, 0.75, 1], [2, 3]),
    ],
)
def test_the_limit_stands_at_its_place_on_any_scale_and_belongs_to_the_liked(scale, values, items):
    found = liked(rated(values, scale=scale), PositiveParameters(positive_from=0.75))
    assert found.train.item.tolist() == items


def test_what_weighs_nothing_is_not_liked():
    assert liked(rated([1, 3, 5]), PositiveParameters(lowest_weight=0)).train.item.tolist() == [1, 2]


def test_events_keep_their_strength_as_a_logarithm():
    found = liked(rated([0, 1, 100, -3], feedback="implicit", scale=None), PositiveParameters(positive_from=1))
    assert found.train.value == pytest.approx([0, np.log(2), np.log(101), 0])


def test_without_a_scale_the_range_of_the_ratings_is_it():
    assert liked(rated([2, 3, 4], scale=None), PositiveParameters()).train.value == pytest.approx([0.2, 0.6, 1.0])
    assert liked(rated([3, 3], scale=None), PositiveParameters()).train.value == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("key", RANKING)
def test_ratings_of_which_none_is_liked_are_refused(key):
    architecture = get(key)
    parameters = architecture.validate({"positive_from": 0.9})
    words = r"positive_from is 0.9 .*limit is 4.6, the highest training rating 4; accepted: a lower"
    with pytest.raises(UnusableData, match=words):
        architecture.fit(rated([1, 4, 2]), parameters, seed=0, observer=Recorder())


@pytest.mark.parametrize("key", RANKING)
@pytest.mark.parametrize("feedback", ["explicit", "implicit"])
def test_a_user_without_likes_gets_the_average_list_and_no_item_without_likes_leads_it(key, feedback):
    """User 0 and item 0 are in no training row."""
    data = ratings(feedback=feedback)
    architecture = get(key)
    scorer = architecture.fit(data, architecture.validate({}), seed=0, observer=Recorder()).scorer
    known = np.unique(data.train.user)
    assert 0 not in known
    scores = scorer.score_block(np.arange(data.num_users, dtype=np.int32))
    assert scores[0] == pytest.approx(scores[known].mean(axis=0), abs=1e-5)
    assert scores[0].argmax() != 0
    assert np.ptp(scores[0]) > 0
