"""Every architecture's score in parts, contributions of the history, nearest liked items, and shares of variance."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.history import of_linear, of_neighbours
from experiments.learning.explain.importance import score_importance
from experiments.learning.explain.nearest import nearest_liked
from experiments.learning.explain.recommender import listing, rating, require_explainable, split_scores
from experiments.learning.recommenders.registry import ARCHITECTURES, get
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.tests.explain.test_network import scorer_of
from experiments.tests.recommenders.tiny import QUICK, Recorder, ratings

EXPLAINED = [key for key, each in ARCHITECTURES.items() if each.framework == "numpy" and key in QUICK]
ITEMS = np.arange(20, dtype=np.int32)


def fitted(key, feedback="explicit"):
    architecture = get(key)
    data = ratings(feedback=feedback)
    return architecture.fit(data, architecture.validate(QUICK[key]), seed=0, observer=Recorder()).scorer


@pytest.mark.parametrize(("key", "feedback"), [(key, feedback) for key in EXPLAINED for feedback in get(key).feedback])
def test_parts_sum_to_the_score_of_every_user_and_item(key, feedback):
    scorer = fitted(key, feedback)
    for user in range(30):
        found = split_scores(scorer, user, ITEMS).total()
        expected = scorer.score_block(np.array([user], np.int32))[0]
        assert np.abs(found - expected).max() < 1e-5 * max(1, np.abs(expected).max())


@pytest.mark.parametrize("key", ["ease", "item_knn"])
def test_contributions_are_what_the_score_loses_without_that_item(key):
    scorer = fitted(key, "implicit")  # a plain sum, so leaving one out takes away what it adds
    user = 5
    history = of_linear if key == "ease" else of_neighbours
    found = history(scorer, user, ITEMS)
    code = np.array([user], np.int32)
    whole = scorer.score_block(code)[0]
    at = slice(scorer.histories.start[user], scorer.histories.start[user + 1])
    kept = scorer.histories.value[at].copy()
    for place, item in enumerate(found.items):
        scorer.histories.value[at] = kept
        scorer.histories.value[at][place] = 0
        assert whole - scorer.score_block(code)[0] == pytest.approx(found.values[place], abs=1e-5), item


def test_nearest_liked_by_contribution_come_from_the_history_in_falling_order():
    scorer = fitted("ease")
    found = nearest_liked(scorer, 3, ITEMS, np.zeros(0, np.int32), most=2)
    known = of_linear(scorer, 3, ITEMS)
    assert found.measure == "contribution"
    for item, row in zip(ITEMS, found.rows, strict=True):
        best = sorted((v for i, v in zip(known.items, known.values[:, item], strict=True) if i != item), reverse=True)
        assert [near.value for near in row] == pytest.approx([value for value in best[:2] if value > 0])


def test_nearest_liked_by_cosine_is_the_textbooks():
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(6, 3)).astype(np.float32)
    factors[5] = 0
    scorer = FactorScorer(
        user_factors=np.ones((2, 3), np.float32),
        item_factors=factors,
        user_bias=np.zeros(2, np.float32),
        item_bias=np.zeros(6, np.float32),
        offset=0.0,
    )
    liked = np.array([0, 1, 2, 5], np.int32)
    found = nearest_liked(scorer, 0, np.array([3], np.int32), liked, most=10)
    cosines = {
        i: float(factors[i] @ factors[3] / np.linalg.norm(factors[i]) / np.linalg.norm(factors[3])) for i in (0, 1, 2)
    }
    expected = sorted(((i, c) for i, c in cosines.items() if c > 0), key=lambda pair: -pair[1])
    assert [near.item for near in found.rows[0]] == [i for i, _ in expected]
    assert [near.value for near in found.rows[0]] == pytest.approx([c for _, c in expected], abs=1e-6)
    assert nearest_liked(scorer, 0, np.array([5], np.int32), liked).rows == ((),)


def test_popularity_is_one_part_and_rests_on_nothing_the_user_did():
    scorer = fitted("popularity")
    assert [part.kind for part in split_scores(scorer, 1, ITEMS).parts] == ["bias"]
    assert nearest_liked(scorer, 1, ITEMS, ITEMS).measure == "none"


def test_codes_outside_are_refused_and_not_wrapped():
    for key in EXPLAINED:
        scorer = fitted(key)
        for user, item in ((0, 20), (0, -1), (30, 0), (-1, 0)):
            with pytest.raises(ScorerError):
                split_scores(scorer, user, np.array([item], np.int32))


def test_a_model_without_an_exact_split_says_why():
    class Steps:
        def config(self):
            return {"kind": "sequence"}

    with pytest.raises(NotExplainable, match="sequence"):
        require_explainable(Steps())


def test_shares_of_variance_sum_to_one_and_are_the_covariances():
    scorer = scorer_of(1)
    users, items = np.arange(9, dtype=np.int32), np.arange(11, dtype=np.int32)
    found = score_importance(scorer, users, items)
    assert sum(part.overall for part in found) == pytest.approx(1)
    assert sum(part.within_users for part in found) == pytest.approx(1)
    by_key = {part.key: part for part in found}
    scores = scorer.score_block(users).astype(float)
    level = np.repeat(scorer.user_bias[:, None].astype(float), 11, axis=1)
    expected = np.cov(level.ravel(), scores.ravel(), ddof=0)[0, 1] / scores.var()
    assert by_key["user_bias"].overall == pytest.approx(expected, abs=1e-5)
    assert by_key["user_bias"].within_users == pytest.approx(0, abs=1e-9)
    assert by_key["offset"].overall == pytest.approx(0, abs=1e-9)


def test_shares_are_the_same_every_time_and_none_where_nothing_varies():
    scorer = scorer_of(2, users=100, items=90)
    users, items = np.arange(100, dtype=np.int32), np.arange(90, dtype=np.int32)
    assert score_importance(scorer, users, items) == score_importance(scorer, users, items)
    popularity = score_importance(fitted("popularity"), np.arange(5, dtype=np.int32), ITEMS[:1])
    assert [(part.overall, part.within_users) for part in popularity] == [(None, None)]
    with pytest.raises(ValueError, match="No user"):
        score_importance(scorer, users[:0], items)


def test_a_model_that_ranks_by_a_score_of_its_own_is_explained_by_that_one():
    joint = pytest.importorskip("experiments.learning.recommenders.scorers.joint")
    rates = scorer_of(4)
    generator = np.random.default_rng(0)
    ranks = FactorScorer(
        user_factors=generator.normal(size=(9, 3)).astype(np.float32),
        item_factors=generator.normal(size=(11, 3)).astype(np.float32),
        user_bias=np.zeros(9, np.float32),
        item_bias=generator.normal(size=11).astype(np.float32),
        offset=0.0,
    )
    scorer = joint.JointScorer(rates, ranks)
    items = np.arange(11, dtype=np.int32)
    listed = split_scores(scorer, 2, items).total()
    assert listed == pytest.approx(scorer.score_block(np.array([2], np.int32))[0], abs=1e-5)
    assert listing(scorer) is ranks
    assert rating(scorer) is rates
    predicted = split_scores(rates, 2, items).total()
    assert predicted == pytest.approx(scorer.score_pairs(np.full(11, 2, np.int32), items), abs=1e-5)
    assert rating(ranks) is None
