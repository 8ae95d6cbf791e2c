"""Features: fitted on the training part only, bounded, and equal to what scikit-learn makes of the same columns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from sklearn.preprocessing import MultiLabelBinarizer, StandardScaler

from experiments.learning.data.features import LIMIT, MOST_CATEGORIES, encode_features
from experiments.learning.data.folds import folds, training_data
from experiments.learning.data.splits import SplitSpec, split
from experiments.tests.data.builders import random_table, table


def test_columns_against_scikit_learn():
    data = random_table(3)
    features = encode_features(data, np.arange(len(data)))
    genres = MultiLabelBinarizer()
    expected = genres.fit_transform(data.items["genres"])
    assert features.item_names[:3] == tuple(f"genres: {name}" for name in genres.classes_)
    assert np.array_equal(features.items[:, :3], expected)
    year = StandardScaler().fit_transform(data.items[["year"]])[:, 0]
    assert np.allclose(features.items[:, 3], np.clip(year, -LIMIT, LIMIT), atol=1e-6)
    assert features.user_names == ("country: DE", "country: FR", "country: IN")
    assert np.array_equal(features.users, pd.get_dummies(data.users["country"]).to_numpy(np.float32))


def test_popularity_and_average_rating_by_hand():
    # Counts 3, 1, 0 and ratings averaging 3.5 over all; five further ratings of that average dampen each mean.
    data = table([("a", "x", 5), ("b", "x", 4), ("c", "x", 3), ("a", "y", 2), ("b", "z", 1)])
    features = encode_features(data, np.array([0, 1, 2, 3]))
    assert features.item_names == ("popularity", "average rating")
    log = np.log1p([3, 1])
    assert np.allclose(features.items[:2, 0], (log - log.mean()) / log.std())
    assert np.isclose(features.items[2, 0], np.clip((0 - log.mean()) / log.std(), -LIMIT, LIMIT))
    damped = np.array([(12 + 5 * 3.5) / 8, (2 + 5 * 3.5) / 6, 3.5])
    assert np.allclose(features.items[:, 1], np.clip((damped - damped[:2].mean()) / damped[:2].std(), -LIMIT, LIMIT))


def test_the_test_part_leaves_no_trace():
    data = random_table(4)
    parts = split(data, SplitSpec())
    held_out = np.concatenate([parts.validation, parts.test])
    value = data.value.copy()
    value[held_out] = 6 - value[held_out]
    original = training_data(data, parts)
    changed = training_data(dataclasses.replace(data, value=value), parts)
    assert np.array_equal(original.item_features, changed.item_features)
    assert np.array_equal(original.user_features, changed.user_features)
    assert np.array_equal(original.train.value, changed.train.value)


def test_values_are_bounded_float32_and_finite_whatever_comes():
    data = random_table(5)
    items = data.items.assign(
        year=[1e30, np.nan, -1e30, *range(12)],
        constant=1.0,
        empty=pd.Series([np.nan] * 15, dtype="str"),
        infinite=[np.inf, -np.inf, *range(13)],
    )
    features = encode_features(dataclasses.replace(data, items=items), np.arange(len(data)))
    assert features.items.dtype == np.float32
    assert np.isfinite(features.items).all()
    assert np.abs(features.items).max() <= LIMIT
    assert not any(name.startswith(("constant", "empty", "title")) for name in features.item_names)


def test_rare_categories_share_a_column_and_names_are_no_category():
    count = MOST_CATEGORIES + 30
    data = table([(f"u{j:03d}", item, 3) for j in range(2 * count) for item in ("x", "y")])
    kinds = pd.Series([f"k{j % count:03d}" if j >= 10 else "k000" for j in range(2 * count)])
    users = pd.DataFrame({"kind": kinds, "name": [f"person {j}" for j in range(2 * count)]}).astype("str")
    features = encode_features(dataclasses.replace(data, users=users), np.arange(len(data)))
    assert len(features.user_names) == MOST_CATEGORIES + 1
    assert features.user_names[-1] == "kind: other"
    assert "kind: k000" in features.user_names
    assert (features.users.sum(axis=1) == 1).all()


def test_without_features_matrices_have_no_columns():
    data = dataclasses.replace(random_table(6), users=None, items=None, feedback="implicit", scale=None)
    parts = split(data, SplitSpec())
    training = training_data(data, parts)
    assert training.user_features.shape == (data.num_users, 0)
    assert training.item_feature_names == ("popularity",)


def test_folds_hold_the_rows_of_the_split():
    data = random_table(7)
    parts = split(data, SplitSpec("time"))
    for fold, rows in zip(folds(data, parts), (parts.train, parts.validation, parts.test), strict=True):
        assert len(fold) == len(rows)
        for name in ("user", "item", "value", "timestamp"):
            assert np.array_equal(getattr(fold, name), getattr(data, name)[rows])
