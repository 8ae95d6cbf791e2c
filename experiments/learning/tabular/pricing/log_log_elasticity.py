"""Demand with an elasticity of each product, drawn to the common one: the model that answers what a price does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import (
    TableError,
    TablePart,
    TabularArchitecture,
    TabularData,
    TabularFitted,
)
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.pricing.context import Context
from experiments.learning.tabular.pricing.elasticities import elasticities
from experiments.learning.tabular.pricing.regression import Regression, fit_regression
from experiments.learning.tabular.pricing.sales import Sales, known
from experiments.learning.tabular.pricing.scorers import ElasticityScorer

METHOD = (
    "Counts regressed on ln(price) with effects of each product, elasticities drawn to the common one by how well each "
    "is known (empirical Bayes); intervals from the posterior."
)


class ElasticityParameters(Parameters):
    harmonics: int = Field(
        2, ge=0, le=10, title="Yearly harmonics", description="Waves a year; used from a year of rows with a time on."
    )


def fit(
    data: TabularData, part: TablePart, parameters: ElasticityParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """See ``regression``. There is nothing to tune, so validation rows are learnt from as well; ``seed`` is not used.

    Raises:
        TableError: a price or quantity is wrong, nothing was sold, or no product was sold at two prices.
    """
    del seed
    frame = known(data, part)
    sales = Sales.of(frame, data.roles)
    varies, count = sales.varies(), len(sales.products.names)
    if not varies.any():
        which = "Every product was" if data.roles.product else "Everything was"
        raise TableError(
            f"{which} sold at one {data.roles.price} only, so what a price does cannot be learnt; accepted: at least "
            "one product with two prices."
        )
    context = Context.fit(frame, data.roles, sales.code, count, parameters.harmonics)
    table = context.table(frame, sales.code)
    encoder = Encoder.fit(table, context.numeric, context.kinds, rare_below=data.rare_below)
    observer.on_start(epochs=0, total_parameters=2 * count + 2 + len(encoder.names))
    found = fit_regression(sales.quantity, sales.code, count, sales.price_move, encoder.transform(table), varies)
    at_rest = "" if found.converged else " and had not quite come to rest"
    observer.log(f"{count:,} products; the fit took {found.rounds} rounds{at_rest}. Mean elasticity {found.mean:.2f}.")
    scorer = ElasticityScorer(
        products=sales.products,
        context=context,
        encoder=encoder,
        offset=found.offset,
        elasticity=found.elasticity,
        gamma=found.gamma,
        price=data.roles.price,
        product=data.roles.product,
    )
    return TabularFitted(scorer, details=_details(sales, varies, found, encoder))


def _details(sales: Sales, varies: NDArray[np.bool_], found: Regression, encoder: Encoder) -> dict[str, object]:
    told = elasticities(
        sales,
        found.elasticity[:-1],
        found.elasticity_error[:-1],
        mean=found.mean,
        mean_error=found.mean_error,
        method=METHOD,
        fallback=~varies,
    )
    told |= {"common": found.common, "spread": found.spread}
    weights = [
        {"feature": name, "weight": float(weight)} for name, weight in zip(encoder.names, found.gamma, strict=True)
    ]
    return {
        "elasticity": told,
        "weights": weights[:50],
        "dispersion": found.dispersion,
        "rounds": found.rounds,
        "converged": found.converged,
    }


ARCHITECTURE = TabularArchitecture(
    key="log_log_elasticity",
    label="Elasticity regression",
    summary="One elasticity a product, with its interval: what a price does, assumed to be alike at all prices.",
    family=Family.PRICING,
    parameters=ElasticityParameters,
    fit=fit,
)
