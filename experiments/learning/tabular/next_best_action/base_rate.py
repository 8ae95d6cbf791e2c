"""The share of rows that worked, for every customer and every action."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.next_best_action.learning import constant


class BaseRateParameters(Parameters):
    """Nothing to choose."""


def fit(
    data: TabularData, part: TablePart, parameters: BaseRateParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Raises TableError for an outcome that is not 0 or 1."""
    del parameters, seed
    observer.on_start(epochs=0, total_parameters=1)
    return constant(data, part)


ARCHITECTURE = TabularArchitecture(
    key="base_rate",
    label="Base rate",
    summary="The same probability for everybody and every action, ready in a moment: the line every other model has "
    "to beat.",
    family=Family.NEXT_BEST_ACTION,
    parameters=BaseRateParameters,
    fit=fit,
    model_type="baseline",
)
