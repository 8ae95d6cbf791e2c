"""A weighted sum of features with an L2 penalty (Hoerl and Kennard, Technometrics 12, 1970).

Minimises sum (y - Xw - b)^2 + regularization |w|^2 over weights w of standardised columns; b bears no penalty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer
from experiments.learning.tabular.base import (
    Floats,
    TableError,
    TablePart,
    TabularArchitecture,
    TabularData,
    TabularFitted,
)
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.location_scoring.features import PlaceParameters, encoder_for
from experiments.learning.tabular.scorers.linear import LinearScorer


class PlaceRidgeParameters(PlaceParameters):
    regularization: float = Field(
        1.0,
        ge=1e-6,
        le=1e9,
        title="Regularization (L2)",
        description="Penalty on the weights of standardised columns; 0.1–100 is usual, more for few places.",
    )


def fit(
    data: TabularData, part: TablePart, parameters: PlaceRidgeParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """One solve; ``seed`` has nothing to decide. Raises TableError for columns that cannot be read."""
    del seed
    encoder = encoder_for(data, part, parameters, "mean")
    observer.on_start(epochs=0, total_parameters=len(encoder.names) + 1)
    target = known_numbers(data.frame, data.roles.target)[part.train]
    weights, bias = ridge(encoder.transform(data.frame.iloc[part.train]), target, parameters.regularization)
    return TabularFitted(LinearScorer(encoder, weights, bias), details=_coefficients(encoder, weights, bias))


def ridge(matrix: Floats, target: Floats, penalty: float) -> tuple[Floats, float]:
    """(weights, bias) of the closed form (X'X + penalty I) w = X'y on centred columns; shapes (n, d) and (n,).

    Raises TableError where the numbers are too large for a solution.
    """
    centre, mean = matrix.mean(axis=0), float(target.mean())
    centred = matrix - centre
    gram = centred.T @ centred + penalty * np.eye(matrix.shape[1])
    weights: Floats = np.linalg.solve(gram, centred.T @ (target - mean))
    bias = mean - float(centre @ weights)
    if not (np.isfinite(weights).all() and np.isfinite(bias)):
        raise TableError("The target's numbers are too large to learn from. Accepted: numbers of a smaller unit.")
    return weights, bias


def _coefficients(encoder: Encoder, weights: Floats, bias: float) -> dict[str, Any]:
    """In the columns' own units: what one unit more, or one kind, adds to the prediction."""
    count = len(encoder.numeric)
    own = weights.copy()
    own[:count] /= encoder.scales
    intercept = bias - float(own[:count] @ encoder.means)
    return {
        "intercept": intercept,
        "coefficients": [
            {"name": name, "column": column, "coefficient": float(each), "standardised": float(weight)}
            for name, column, each, weight in zip(encoder.names, encoder.sources(), own, weights, strict=True)
        ],
    }


ARCHITECTURE = TabularArchitecture(
    key="place_ridge",
    label="Ridge regression",
    summary="Adds up what each feature is worth: few places suffice and every weight can be read; no curves, no joint "
    "effects.",
    family=Family.LOCATION_SCORING,
    parameters=PlaceRidgeParameters,
    fit=fit,
)
