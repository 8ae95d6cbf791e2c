"""Interleaved lists: picks of both versions by turns, nothing either knows as seen, logged with their teams."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.stats import binomtest

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.services import traffic
from experiments.services.serving_files import catalogue_of
from experiments.services.version_files import load_scorer
from experiments.tests.registered import make_version
from experiments.tests.stored import stored_dataset
from mlopspro.serving import loaded
from mlopspro.serving.answers import recommend
from mlopspro.serving.interleaved import mixed_list
from mlopspro.serving.list_answers import answer_list
from mlopspro.serving.tests.conftest import live_version, logged, put_live
from monitoring.models import Source

AT = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


def mixed_with(workspace, share=1.0, **asked):
    live = live_version(workspace)
    other = put_live(make_version(workspace, "Films", **({"architecture": "ease"} | asked)), "staging")
    traffic.deploy(other, role="interleaved", share=share, actor=None)
    return live, other


@cache
def parts_of(version):
    return catalogue_of(version), load_scorer(version)


def ranked(version, user: str) -> list[str]:
    """By a full sort of the version's own scorer, what it knows as seen left out."""
    catalogue, scorer = parts_of(version)
    code = catalogue.user_ids.find(user)
    if code is None or not catalogue.history[code]:
        return [catalogue.item_ids[item] for item in catalogue.popular.tolist()]
    scores = scorer.score_block(np.array([code], np.int32))[0]
    order = sorted(range(catalogue.num_items), key=lambda item: (-scores[item], item))
    hidden = seen(version, user)
    return [one for item in order if (one := catalogue.item_ids[item]) not in hidden]


def seen(version, user: str) -> set[str]:
    catalogue, _ = parts_of(version)
    code = catalogue.user_ids.find(user)
    return set() if code is None else {catalogue.item_ids[item] for item in catalogue.seen(code).tolist()}


def test_each_pick_is_the_best_that_its_version_has_left_and_the_log_says_whose_it_is(workspace):
    live, other = mixed_with(workspace)
    users = [*catalogue_of(live).examples(20), "nobody-has-this-id"]
    teams = ""
    for user in users:
        found = recommend(workspace, user, n=8)
        entry = logged(workspace)[-1]
        told = entry["features"]["interleaved"]
        assert (found.variant, found.version, found.interleaved_with) == ("interleaved", other.number, live.number)
        assert (entry["role"], told["with"], len(told["teams"])) == ("interleaved", live.number, 8)
        assert [one.item for one in found.items] == entry["items"]
        assert [one.score for one in found.items] == pytest.approx(entry["scores"])
        assert entry["propensities"] is None
        hidden = seen(live, user) | seen(other, user)
        rest = {"1": ranked(live, user), "2": ranked(other, user)}
        for item, letter in zip(entry["items"], told["teams"], strict=True):
            rest = {key: [one for one in items if one not in hidden] for key, items in rest.items()}
            assert item == rest[letter][0]
            hidden.add(item)
        assert found.fallback is (user == "nobody-has-this-id")
        teams += told["teams"][0]
        assert recommend(workspace, user, n=8).items == found.items, "reloading deals no new cards"
    assert binomtest(teams.count("1"), len(teams), 0.5).pvalue > 1e-4


def test_what_either_version_knows_as_seen_is_left_out(workspace):
    """Versions of data with the same users and other histories, as a retrained one has."""
    live, other = mixed_with(workspace, dataset=stored_dataset(workspace, "later ratings", seed=2))
    both = [user for user in catalogue_of(live).examples(20) if seen(other, user) - seen(live, user)]
    assert both
    hindered = 0
    for user in both:
        shown = {one.item for one in recommend(workspace, user, n=10).items}
        assert not shown & (seen(live, user) | seen(other, user))
        hindered += bool(set(ranked(live, user)[:10]) & seen(other, user))
    assert hindered, "no list was in danger of showing what the other version knows as seen"


def test_reasons_are_of_the_version_whose_item_it_is(workspace):
    live, _ = mixed_with(workspace, architecture="item_knn", parameters={"neighbours": 5})
    user = catalogue_of(live).examples(1)[0]
    found = recommend(workspace, user, n=6, explain=True)
    assert len(found.items) == 6
    for one in found.items:
        assert one.reasons is not None
        assert sum(value for *_, value in one.reasons.parts) == pytest.approx(one.score, abs=1e-4)


def test_users_outside_the_share_get_the_champions_list(workspace):
    live, other = mixed_with(workspace, share=0.4)
    found = [recommend(workspace, f"visitor-{number}", n=1) for number in range(150)]
    assert {(one.variant, one.version) for one in found} == {("champion", live.number), ("interleaved", other.number)}
    assert binomtest(sum(one.variant == "interleaved" for one in found), len(found), 0.4).pvalue > 1e-4


class Broken:
    """A scorer as a damaged model is one."""

    def score_block(self, users):
        return np.full((len(users), 60), np.nan, np.float32)


def test_where_one_of_both_cannot_answer_the_champion_answers_alone(workspace):
    live, _ = mixed_with(workspace)
    user = catalogue_of(live).examples(1)[0]
    recommend(workspace, user)
    model = loaded.live(workspace)["Films"]
    (owner,) = model.interleaved

    def broken(variant):
        recommender = replace(variant.version.recommender, scorer=Broken())
        return replace(variant, version=replace(variant.version, recommender=recommender))

    answer = answer_list(model, broken(owner), user, 5, at=AT, request=uuid.uuid4())
    assert (answer.variant.role, answer.variant.version.number, answer.features) == ("champion", live.number, None)
    assert [one.item for one in answer.found.items] == ranked(live, user)[:5]
    stand_in = replace(model, champion=replace(model.champion, stands_in_for="9.9.9"))
    assert answer_list(stand_in, owner, user, 5, at=AT, request=uuid.uuid4()).variant.role == "champion"
    with pytest.raises(ScorerError):
        answer_list(replace(model, champion=broken(model.champion)), owner, user, 5, at=AT, request=uuid.uuid4())


def test_another_day_or_another_trial_deals_other_cards_and_long_lists_fill_up(workspace):
    live, _ = mixed_with(workspace)
    user = catalogue_of(live).examples(1)[0]
    recommend(workspace, user)
    model = loaded.live(workspace)["Films"]
    (owner,) = model.interleaved

    def teams(at, variant=owner):
        return answer_list(model, variant, user, 10, at=at, request=uuid.uuid4()).features["interleaved"]["teams"]

    days = {teams(AT + dt.timedelta(days=day)) for day in range(8)}
    assert len(days) > 1
    assert len({teams(AT, replace(owner, salt=f"trial-{number}")) for number in range(8)}) > 1
    champion, version = model.champion.version.recommender, owner.version.recommender
    every = mixed_list(champion, version, user, 100, seed="any")
    assert {one.item for one in every.found.items} == set(ranked(live, user))
    assert len(every.teams) == len(every.found.items) == len(ranked(live, user))


def test_an_interleaved_source_is_no_ones_own_figures(workspace):
    mixed_with(workspace)
    recommend(workspace, "1")
    own = {one.role: one.is_own for one in Source.objects.filter(workspace=workspace)}
    assert own == {"champion": True, "interleaved": False}
