"""Weekly sales at changing prices that are made up, by a documented process with known truth.

1. Products. Each has a list price (log-normal around 8), a base demand (log-normal around 25 a week, so some sell a few
   and often none) and an own-price elasticity e ~ N(-1.8, 0.4), at most -0.3.
2. Price. Every week list x exp(0.12 N(0, 1)), and 15 % less in one week of eight, which is marked as promotion. The
   moves are random: they do not answer to demand, so what demand does after them is their effect.
3. A competitor asks list x exp(0.10 N(0, 1)).
4. Expected quantity = base x exp(e ln(price / list) + 0.5 ln(competitor / list) + 0.25 promotion
   + 0.3 cos(2 pi (years - 0.9)) + 0.05 years), years from the first week on.
5. quantity is negative binomial with that mean m and variance m + 0.05 m^2: Poisson counts whose mean is not quite
   known to anybody.

``truth["elasticity"]["mean"]`` is the mean of the products' own elasticities as drawn. ``truth["attainable_rmse_log"]``
is what the expected quantity itself reaches on the newest fifth of the weeks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.tabular.base import Floats, Roles
from experiments.learning.tabular.keys import DAYS_A_YEAR
from experiments.learning.tabular.synthetic import SyntheticTable

FIRST_WEEK = "2023-01-02"
MOST_ROWS = 2_000_000
ELASTICITY, ELASTICITY_SD, WEAKEST = -1.8, 0.4, -0.3
COMPETITOR_EFFECT, PROMOTION_EFFECT = 0.5, 0.25
YEAR_HEIGHT, PEAK, GROWTH = 0.3, 0.9, 0.05
PRICE_SD, COMPETITOR_SD, DISCOUNT = 0.12, 0.10, 0.15
DISPERSION = 0.05
COLUMNS = [
    ("week", "datetime", "time", "First day of the week."),
    ("product", "category", "product", "Product."),
    ("price", "number", "price", "Price of the week."),
    ("competitor_price", "number", "numeric", "What the nearest competitor asks."),
    ("promotion", "category", "categorical", "Whether the week's price is a marked promotion."),
    ("quantity", "number", "quantity", "Pieces sold in the week."),
]


def synthetic(seed: int = 0, *, products: int = 36, weeks: int = 104) -> SyntheticTable:
    """See the module. The same arguments give the same table.

    Raises DatasetError for sizes that do not fit.
    """
    _check(products, weeks)
    random = np.random.default_rng([seed, 2])
    list_price = np.round(8 * np.exp(0.5 * random.standard_normal(products)), 2)
    base = 25 * np.exp(random.standard_normal(products))
    elasticity = np.minimum(ELASTICITY + ELASTICITY_SD * random.standard_normal(products), WEAKEST)
    shape = (products, weeks)
    promotion = (random.random(shape) < 1 / 8).astype(np.float64)
    move = np.exp(PRICE_SD * random.standard_normal(shape)) * (1 - DISCOUNT * promotion)
    price = np.maximum(np.round(list_price[:, None] * move, 2), 0.01)
    competitor = np.round(list_price[:, None] * np.exp(COMPETITOR_SD * random.standard_normal(shape)), 2)
    years = np.arange(weeks) * 7 / DAYS_A_YEAR
    expected = base[:, None] * np.exp(
        elasticity[:, None] * np.log(price / list_price[:, None])
        + COMPETITOR_EFFECT * np.log(competitor / list_price[:, None])
        + PROMOTION_EFFECT * promotion
        + YEAR_HEIGHT * np.cos(2 * np.pi * (years - PEAK))
        + GROWTH * years
    )
    # A Poisson count whose mean is gamma distributed around the expected one is negative binomial.
    quantity = random.poisson(expected * random.gamma(1 / DISPERSION, DISPERSION, shape)).astype(np.float64)
    names = _names(products)
    product, week = np.divmod(np.arange(products * weeks), weeks)
    frame = pd.DataFrame(
        {
            "week": pd.date_range(FIRST_WEEK, periods=weeks, freq="7D", tz="UTC")[week],
            "product": pd.Series([names[number] for number in product], dtype="str"),
            "price": price.reshape(-1),
            "competitor_price": competitor.reshape(-1),
            "promotion": pd.Series(np.where(promotion.reshape(-1) > 0, "yes", "no"), dtype="str"),
            "quantity": quantity.reshape(-1),
        }
    )
    roles = Roles(
        price="price",
        quantity="quantity",
        product="product",
        time="week",
        numeric=("competitor_price",),
        categorical=("promotion",),
    )
    columns = [dict(zip(("name", "type", "role", "description"), row, strict=True)) for row in COLUMNS]
    truth = _truth(names, elasticity, expected, quantity)
    return SyntheticTable(frame, roles, truth, columns, str(__doc__))


def _truth(names: list[str], elasticity: Floats, expected: Floats, quantity: Floats) -> dict[str, Any]:
    newest = slice(-max(1, expected.shape[1] // 5), None)
    error = np.log1p(expected[:, newest]) - np.log1p(quantity[:, newest])
    return {
        "elasticity": {
            "mean": float(elasticity.mean()),
            "products": {name: float(value) for name, value in zip(names, elasticity, strict=True)},
        },
        "competitor_effect": COMPETITOR_EFFECT,
        "promotion_effect": PROMOTION_EFFECT,
        "dispersion": DISPERSION,
        "attainable_rmse_log": float(np.sqrt((error**2).mean())),
    }


def _names(products: int) -> list[str]:
    width = len(str(products))
    return [f"product {number:0{width}d}" for number in range(1, products + 1)]


def _check(products: int, weeks: int) -> None:
    for name, number, least in (("products", products, 1), ("weeks", weeks, 20)):
        if number < least:
            raise DatasetError(name, "are too few", value=number, accepted=f"{least} or more")
    if products * weeks > MOST_ROWS:
        raise DatasetError(
            "products x weeks", "is too much", value=f"{products * weeks:,}", accepted=f"up to {MOST_ROWS:,}"
        )
