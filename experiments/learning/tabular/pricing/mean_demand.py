"""The baseline of pricing: each product sells what it sold on average, whatever it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import Roles, TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.keys import codes_of, distinct
from experiments.learning.tabular.pricing.sales import known, product_labels, quantities
from experiments.learning.tabular.pricing.scorers import MeanDemandScorer


class MeanDemandParameters(Parameters):
    """Nothing to choose."""


def mean_scorer(frame: pd.DataFrame, roles: Roles) -> MeanDemandScorer:
    """Means of the rows to learn from. Raises TableError for a quantity that is missing or below 0."""
    sold, found = quantities(frame, roles.quantity), product_labels(frame, roles.product)
    names = distinct(found)
    code = codes_of(found, names)
    mean = np.bincount(code, sold, len(names)) / np.bincount(code, minlength=len(names))
    return MeanDemandScorer(names, np.append(mean, sold.mean()), roles.product)


def fit(
    data: TabularData, part: TablePart, parameters: MeanDemandParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """One pass; there is nothing to choose or to draw."""
    del parameters, seed
    scorer = mean_scorer(known(data, part), data.roles)
    observer.on_start(epochs=0, total_parameters=len(scorer.mean))
    observer.log(f"Mean quantity of {len(scorer.names):,} products.")
    return TabularFitted(scorer, details={"products": len(scorer.names)})


ARCHITECTURE = TabularArchitecture(
    key="mean_demand",
    label="Mean demand",
    summary="Each product's average, blind to its price: the line every model of demand must beat.",
    family=Family.PRICING,
    parameters=MeanDemandParameters,
    fit=fit,
    model_type="baseline",
)
