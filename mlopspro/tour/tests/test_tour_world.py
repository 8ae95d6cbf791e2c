"""People's wishes are decided by the seed, films rated before are not wanted again, and the trend changes them."""

from __future__ import annotations

import numpy as np
import pytest

from mlopspro.tour.world import FINDS, Season, World


@pytest.fixture(scope="module")
def world():
    return World(users=60, items=80, ratings=1_500)


def test_the_same_seed_gives_the_same_visits_and_opinions(world):
    again = World(users=60, items=80, ratings=1_500)
    shown = [str(one) for one in world.data.item_ids[:10]]
    for number in range(20):
        assert world.visit(number) == again.visit(number)
        for season in Season:
            visit = world.visit(number)
            assert world.reactions(visit, shown, season) == again.reactions(visit, shown, season)


def test_nobody_rates_what_is_rated_already(world):
    rated = set(zip(world.data.user.tolist(), world.data.item.tolist(), strict=True))
    for number in range(50):
        visit = world.visit(number)
        for one in world.reactions(visit, [], Season.AFTER):
            code = int(np.searchsorted(world.data.item_ids, one.item))
            assert (visit.user, code) not in rated


def test_what_is_shown_and_what_is_found_is_told_once(world):
    visit = world.visit(3)
    found = [one.item for one in world.reactions(visit, [], Season.BEFORE)]
    assert len(set(found)) == FINDS
    told = [one.item for one in world.reactions(visit, found, Season.BEFORE)]
    assert len(told) == len(set(told))


def test_most_wishes_are_of_the_trend_after_the_change_and_hardly_any_before(world):
    trend = {str(world.data.item_ids[item]) for item in world.trend}
    share = {}
    for season in Season:
        found = [one.item for number in range(200) for one in world.reactions(world.visit(number), [], season)]
        share[season] = np.mean([item in trend for item in found])
    assert share[Season.BEFORE] < 0.25 < 0.6 < share[Season.AFTER]
