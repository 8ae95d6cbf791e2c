"""Interventional TreeSHAP against the definition: every coalition of columns, absent ones from every background row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from experiments.learning.explain.shapley import shapley_values
from experiments.learning.explain.tree_shap import tree_shapley
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.trees import TreesScorer


def made(seed, columns=5, leaves=8, rounds=12):
    generator = np.random.default_rng(seed)
    names = [f"c{number}" for number in range(columns)]
    frame = pd.DataFrame(generator.normal(size=(200, columns)), columns=names)
    frame = frame.mask(generator.random(frame.shape) < 0.1)
    frame["kind"] = generator.choice(["shop", "park", "bar"], len(frame))
    encoder = Encoder.fit(frame, names, ("kind",), missing="keep")
    target = frame["c0"].fillna(0) * (frame["kind"] == "bar") + frame["c1"].fillna(2) ** 2 + generator.normal(size=200)
    model = HistGradientBoostingRegressor(max_iter=rounds, max_leaf_nodes=leaves, min_samples_leaf=5)
    return TreesScorer.export(model.fit(encoder.transform(frame), target), encoder, "identity"), frame


def by_definition(scorer, row, background, player):
    players = player.max() + 1
    worth = np.empty(1 << players)
    for coalition in range(len(worth)):
        mixed = background.copy()
        present = np.isin(player, [each for each in range(players) if coalition >> each & 1])
        mixed[:, present] = row[present]
        worth[coalition] = scorer.raw(mixed).mean()
    return shapley_values(worth[:, None])[:, 0]


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_the_definition_also_for_missing_numbers_and_grouped_columns(seed):
    scorer, frame = made(seed)
    place = {name: number for number, name in enumerate(scorer.encoder.columns)}
    player = np.array([place[source] for source in scorer.encoder.sources()])
    matrix = scorer.encoder.transform(frame)
    found, base = tree_shapley(scorer, matrix[:5], matrix[50:80], player)
    expected = np.array([by_definition(scorer, row, matrix[50:80], player) for row in matrix[:5]])
    assert found == pytest.approx(expected, abs=1e-9)
    assert base + found.sum(axis=1) == pytest.approx(scorer.raw(matrix[:5]), abs=1e-9)


def test_columns_are_unlimited_and_one_that_no_tree_asks_about_adds_nothing():
    scorer, frame = made(4, columns=40, leaves=31, rounds=20)
    matrix = scorer.encoder.transform(frame)
    found, base = tree_shapley(scorer, matrix, matrix[:20], np.arange(matrix.shape[1]))
    assert base + found.sum(axis=1) == pytest.approx(scorer.raw(matrix), abs=1e-8)
    asked = np.unique(scorer.feature[scorer.left != np.arange(len(scorer.left))])
    silent = np.setdiff1d(np.arange(matrix.shape[1]), asked)
    assert len(silent)
    assert not found[:, silent].any()


def test_a_row_that_is_the_background_has_no_reason_to_differ():
    scorer, frame = made(5)
    matrix = scorer.encoder.transform(frame)
    found, base = tree_shapley(scorer, matrix[:1], matrix[:1], np.arange(matrix.shape[1]))
    assert not found.any()
    assert base == pytest.approx(scorer.raw(matrix[:1])[0])


def test_trees_of_one_leaf_give_everything_to_the_base():
    scorer, frame = made(6, rounds=1, leaves=2)
    lone = TreesScorer(
        encoder=scorer.encoder, baseline=1.0, roots=np.array([0], np.int32), feature=np.zeros(1, np.int32),
        threshold=np.zeros(1), missing_left=np.zeros(1, np.uint8), left=np.zeros(1, np.int32),
        right=np.zeros(1, np.int32), value=np.array([0.5]), depth=0,
    )  # fmt: skip
    matrix = scorer.encoder.transform(frame)
    found, base = tree_shapley(lone, matrix[:3], matrix[:9], np.arange(matrix.shape[1]))
    assert base == 1.5
    assert not found.any()
