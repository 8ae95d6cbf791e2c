"""The mean of the training places, for every place."""

from __future__ import annotations

import numpy as np

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.linear import LinearScorer


class MeanParameters(Parameters):
    """Nothing to choose."""


def fit(
    data: TabularData, part: TablePart, parameters: MeanParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Raises TableError for a target that is no number."""
    del parameters, seed
    observer.on_start(epochs=0, total_parameters=1)
    mean = float(known_numbers(data.frame, data.roles.target)[part.train].mean())
    nothing = Encoder.fit(data.frame.iloc[part.train], (), ())
    return TabularFitted(LinearScorer(nothing, np.empty(0), mean), details={"mean": mean})


ARCHITECTURE = TabularArchitecture(
    key="mean_place",
    label="Mean of all places",
    summary="The same number for every place, ready in a moment: the line every other model has to beat.",
    family=Family.LOCATION_SCORING,
    parameters=MeanParameters,
    fit=fit,
    model_type="baseline",
)
