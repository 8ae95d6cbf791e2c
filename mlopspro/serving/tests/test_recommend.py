"""A user's list from the model in production: which items, by whom, for whom nobody knows, and what is logged."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.explain.recommender import split_scores
from experiments.services.serving_files import catalogue_of
from experiments.services.version_files import load_scorer
from mlopspro.serving.answers import CannotAnswer, NoModel, recommend
from mlopspro.serving.tests.conftest import live_version, logged


@pytest.mark.parametrize("architecture", ["item_knn", "ease", "popularity"])
def test_the_list_is_that_of_a_full_sort_of_the_scorer_without_seen_items(workspace, architecture):
    version = live_version(workspace, architecture=architecture)
    catalogue, scorer = catalogue_of(version), load_scorer(version)
    ids = list(catalogue.item_ids)
    for code, user in enumerate(list(catalogue.user_ids)[:20]):
        scores = scorer.score_block(np.array([code], np.int32))[0]
        seen = set(catalogue.seen(code).tolist())
        expected = sorted(
            (item for item in range(len(ids)) if item not in seen), key=lambda item: (-scores[item], item)
        )
        found = recommend(workspace, user, n=7)
        assert [one.item for one in found.items] == [ids[item] for item in expected[:7]]
        assert [one.score for one in found.items] == pytest.approx([float(scores[item]) for item in expected[:7]])
        assert found.known_user
        assert not found.fallback
        assert (found.version, found.variant, found.model) == (version.number, "champion", "Films")


def test_an_unknown_user_gets_popularity_and_is_told(workspace):
    version = live_version(workspace)
    catalogue = catalogue_of(version)
    found = recommend(workspace, "nobody-has-this-id", n=5)
    assert (found.fallback, found.known_user) == (True, False)
    assert [one.item for one in found.items] == [catalogue.item_ids[item] for item in catalogue.popular[:5].tolist()]
    assert [one.score for one in found.items] == catalogue.popular_users[:5].tolist()


def test_what_was_answered_is_in_the_log(workspace):
    version = live_version(workspace)
    catalogue = catalogue_of(version)
    user = catalogue.examples(1)[0]
    known, unknown = recommend(workspace, user, n=4), recommend(workspace, "x", n=2)
    first, second = logged(workspace)
    assert first["id"] == str(known.prediction_id)
    assert first["items"] == [one.item for one in known.items]
    assert first["scores"] == pytest.approx([one.score for one in known.items])
    assert (first["user"], first["role"], first["fallback"], first["error"]) == (user, "champion", False, "")
    assert first["history"] == catalogue.history[catalogue.user_ids.find(user)]
    assert 0 <= first["confidence"] <= 1
    assert first["latency_ms"] > 0
    assert first["propensities"] is None
    assert (second["id"], second["fallback"], second["history"]) == (str(unknown.prediction_id), True, None)
    assert second["confidence"] is None


def test_confidence_is_the_first_item_s_rating_on_the_scale(workspace):
    version = live_version(workspace, architecture="item_knn")
    catalogue = catalogue_of(version)
    found = recommend(workspace, catalogue.examples(1)[0])
    low, high = catalogue.scale
    expected = min(1.0, max(0.0, (found.items[0].score - low) / (high - low)))
    assert logged(workspace)[0]["confidence"] == pytest.approx(expected)


@pytest.mark.parametrize("n", [0, -1, 101, 10**9])
def test_n_is_bounded_and_the_bounds_are_said(workspace, n):
    live_version(workspace)
    with pytest.raises(CannotAnswer, match=r"n .*1 to 100"):
        recommend(workspace, "1", n=n)


def test_as_many_items_as_there_are_unseen(workspace):
    version = live_version(workspace)
    catalogue = catalogue_of(version)
    user = catalogue.examples(1)[0]
    found = recommend(workspace, user, n=100)
    assert len(found.items) == catalogue.num_items - len(catalogue.seen(catalogue.user_ids.find(user)))
    assert len({one.item for one in found.items}) == len(found.items)


@pytest.mark.parametrize("user", ["", "x" * 201, "a\x00b"])
def test_an_id_that_cannot_be_one_is_refused(workspace, user):
    live_version(workspace)
    with pytest.raises(CannotAnswer, match="user_id"):
        recommend(workspace, user)


def test_reasons_are_the_parts_of_the_score(workspace):
    version = live_version(workspace, architecture="item_knn")
    catalogue, scorer = catalogue_of(version), load_scorer(version)
    user = catalogue.examples(1)[0]
    found = recommend(workspace, user, n=3, explain=True)
    codes = np.array([catalogue.item_ids.find(one.item) for one in found.items], np.int32)
    split = split_scores(scorer, catalogue.user_ids.find(user), codes)
    for at, one in enumerate(found.items):
        assert [value for *_, value in one.reasons.parts] == pytest.approx([float(p.values[at]) for p in split.parts])
        assert sum(value for *_, value in one.reasons.parts) == pytest.approx(one.score, abs=1e-4)
        assert {each.item for each in one.reasons.because} <= set(catalogue.item_ids)
    assert found.no_reasons == ""


def test_why_there_are_no_reasons_is_said(workspace):
    live_version(workspace)
    found = recommend(workspace, "somebody", explain=True)
    assert "popularity" in found.no_reasons
    assert all(one.reasons is None for one in found.items)


def test_one_live_model_needs_no_name_and_several_do(workspace):
    with pytest.raises(NoModel, match="No recommender is in production"):
        recommend(workspace, "1")
    first = live_version(workspace, "Films")
    assert recommend(workspace, "1").model == "Films"
    live_version(workspace, "Books")
    with pytest.raises(CannotAnswer, match="one of Books, Films"):
        recommend(workspace, "1")
    assert recommend(workspace, "1", model="Films").version == first.number
    assert recommend(workspace, "1", model=str(first.model_id)).model == "Films"
    with pytest.raises(NoModel, match=r"'Songs'.*Books, Films"):
        recommend(workspace, "1", model="Songs")
