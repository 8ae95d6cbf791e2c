"""Many small trees, each mending the errors of those before it (Friedman, Annals of Statistics 29, 2001)."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.location_scoring.features import Coordinates, PlaceParameters, encoder_for
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.scorers.trees import TreesScorer


class PlaceBoostingParameters(PlaceParameters):
    coordinates: Coordinates = True
    trees: int = Field(300, ge=1, le=5_000, title="Trees", description="At most; fewer where patience runs out.")
    learning_rate: float = Field(
        0.05, ge=1e-4, le=1, title="Learning rate", description="Share of each tree that counts; 0.02–0.1 is usual."
    )
    leaves: int = Field(15, ge=2, le=1_000, title="Leaves a tree", description="More leaves find finer joint effects.")
    smallest_leaf: int = Field(
        20, ge=1, le=100_000, title="Places a leaf", description="Training places a leaf has at least."
    )
    regularization: float = Field(
        1.0, ge=0, le=1e6, title="Regularization (L2)", description="Penalty on the values of leaves."
    )
    early_stopping_patience: int = Field(
        20,
        ge=0,
        le=5_000,
        title="Early stopping patience",
        description="Trees without a better validation error before training ends; 0 grows all trees.",
    )


def fit(
    data: TabularData, part: TablePart, parameters: PlaceBoostingParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Grown on the training places; the validation places alone decide when to stop, and trees after the best go.

    Raises TableError for columns that cannot be read.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    encoder = encoder_for(data, part, parameters, "keep")
    observer.on_start(epochs=0, total_parameters=0)
    frame, target = data.frame, known_numbers(data.frame, data.roles.target)
    stops = parameters.early_stopping_patience > 0
    estimator = HistGradientBoostingRegressor(
        max_iter=parameters.trees,
        learning_rate=parameters.learning_rate,
        max_leaf_nodes=parameters.leaves,
        min_samples_leaf=parameters.smallest_leaf,
        l2_regularization=parameters.regularization,
        early_stopping=stops,
        n_iter_no_change=max(parameters.early_stopping_patience, 1),
        tol=0.0,
        random_state=seed,
    )
    held_out = (
        {"X_val": encoder.transform(frame.iloc[part.validation]), "y_val": target[part.validation]} if stops else {}
    )
    with one_core():
        estimator.fit(encoder.transform(frame.iloc[part.train]), target[part.train], **held_out)
    # Scores start with the one before the first tree.
    best = max(int(np.argmax(estimator.validation_score_)), 1) if stops else int(estimator.n_iter_)
    observer.log(f"{estimator.n_iter_} trees grown, {best} kept.")
    scorer = TreesScorer.export(estimator, encoder, "identity", iterations=best)
    return TabularFitted(scorer, details={"trees": best, "trees_grown": int(estimator.n_iter_)})


ARCHITECTURE = TabularArchitecture(
    key="place_boosting",
    label="Boosted trees",
    summary="Finds curves and joint effects by itself; wants some hundred places, and knows nothing beyond the numbers "
    "it has seen.",
    family=Family.LOCATION_SCORING,
    parameters=PlaceBoostingParameters,
    fit=fit,
)
