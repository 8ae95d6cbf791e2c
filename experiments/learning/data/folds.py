"""From interactions and a split to what an architecture is trained on and judged by."""

from __future__ import annotations

from experiments.learning.data.features import FeatureSet, encode_features
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.splits import Rows, Split
from experiments.learning.recommenders.base import Fold, TrainingData


def fold(interactions: Interactions, rows: Rows) -> Fold:
    """The interactions of these rows, in their order."""
    return Fold(
        user=interactions.user[rows],
        item=interactions.item[rows],
        value=interactions.value[rows],
        timestamp=None if interactions.timestamp is None else interactions.timestamp[rows],
    )


def folds(interactions: Interactions, split: Split) -> tuple[Fold, Fold, Fold]:
    """(train, validation, test)."""
    return fold(interactions, split.train), fold(interactions, split.validation), fold(interactions, split.test)


def training_data(interactions: Interactions, split: Split, features: FeatureSet | None = None) -> TrainingData:
    """What a fit is given: train, validation, and features fitted on the training part. The test part stays outside."""
    features = features or encode_features(interactions, split.train)
    train, validation, _ = folds(interactions, split)
    return TrainingData(
        train=train,
        validation=validation,
        num_users=interactions.num_users,
        num_items=interactions.num_items,
        feedback=interactions.feedback,
        scale=interactions.scale,
        user_features=features.users,
        item_features=features.items,
        user_feature_names=features.user_names,
        item_feature_names=features.item_names,
    )
