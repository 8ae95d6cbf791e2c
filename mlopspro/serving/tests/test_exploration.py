"""Drawn last places: the chances that are logged are those with which items are shown."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from scipy.stats import binomtest, chisquare

from experiments.services.exploration import change_exploration
from experiments.services.serving_files import catalogue_of
from experiments.services.spec import Refused
from experiments.tests.registered import make_model
from mlopspro.accounts.models import AuditEntry
from mlopspro.serving.answers import recommend
from mlopspro.serving.exploration import EXPLORED, depth, draw
from mlopspro.serving.tests.conftest import live_version, logged


@pytest.mark.parametrize(("ranked", "candidates"), [(29, 20), (13, 4), (10, 1)])
def test_the_draws_have_the_chances_that_are_logged(ranked, candidates):
    share, n = 0.3, 10
    drawn = [draw(ranked, n, share, f"user-{number}:request") for number in range(20_000)]
    chances = {one.place: one.propensity for one in drawn if one is not None}
    assert sorted(chances) == list(range(9, 9 + candidates))
    assert chances[9] == pytest.approx(1 - share + share / candidates, abs=1e-15)
    assert all(chances[place] == pytest.approx(share / candidates) for place in chances if place != 9)
    assert sum(chances.values()) == pytest.approx(1, abs=1e-12)
    counted = Counter(one.place for one in drawn if one is not None)
    if candidates > 1:
        expected = [chances[place] * len(drawn) for place in sorted(chances)]
        assert chisquare([counted[place] for place in sorted(chances)], expected).pvalue > 1e-4


def test_edges_of_a_draw():
    assert draw(0, 10, 0.5, "nobody has anything left to see") is None
    short = draw(3, 10, 1.0, "a short list keeps its own last place")
    assert short is not None
    assert (short.place, short.propensity) == (2, 1.0)
    assert (depth(10, 0.0), depth(10, 0.1)) == (10, 10 + EXPLORED - 1)
    never = {draw(29, 10, 0.0, f"user-{number}") for number in range(50)}
    assert [(one.place, one.propensity) for one in never if one is not None] == [(9, 1.0)]


def test_the_same_user_and_request_get_the_same_list_again():
    seeds = [f"user:{uuid.UUID(int=number)}" for number in range(200)]
    assert [draw(29, 10, 0.5, seed) for seed in seeds] == [draw(29, 10, 0.5, seed) for seed in seeds]
    assert len({one.place for seed in seeds if (one := draw(29, 10, 0.5, seed))}) > 10


def test_lists_keep_all_places_but_the_last_and_log_every_chance(workspace, engineer):
    version = live_version(workspace)
    users = catalogue_of(version).examples(20)
    plain = {user: [one.item for one in recommend(workspace, user, n=5 + EXPLORED - 1).items] for user in users}
    change_exploration(version.model, 0.5, actor=engineer, reason="to judge the next version")
    before = len(logged(workspace))
    answers = [recommend(workspace, users[number % len(users)], n=5) for number in range(200)]
    entries = {entry["id"]: entry for entry in logged(workspace)[before:]}
    drawn = 0
    for answer in answers:
        entry = entries[str(answer.prediction_id)]
        ranked = plain[answer.user]
        assert entry["items"] == [one.item for one in answer.items]
        assert entry["items"][:4] == ranked[:4]
        assert entry["items"][4] in ranked[4:]
        assert [one.score for one in answer.items][:4] == sorted((one.score for one in answer.items[:4]), reverse=True)
        own = entry["items"][4] == ranked[4]
        assert entry["propensities"] == pytest.approx([1, 1, 1, 1, 0.525 if own else 0.025])
        drawn += not own
    assert binomtest(drawn, len(answers), 0.475).pvalue > 1e-4
    said = AuditEntry.objects.get(action="change_exploration")
    assert (said.actor, said.after, said.reason) == (engineer, {"exploration": 0.5}, "to judge the next version")
    change_exploration(version.model, 0.0, actor=engineer)
    recommend(workspace, users[0], n=5)
    assert logged(workspace)[-1]["propensities"] is None


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(workspace, share):
    with pytest.raises(Refused, match=r"share.*0 to 1"):
        change_exploration(make_model(workspace, "Films"), share, actor=None)


def test_rows_of_tables_have_no_place_to_draw(workspace):
    with pytest.raises(Refused, match="only lists"):
        change_exploration(make_model(workspace, "Shops", family="pricing"), 0.1, actor=None)
