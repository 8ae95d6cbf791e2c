"""Daily sales that are made up, by a documented process with known truth.

1. Series. Each shop sells each product. The log level of a series is ln(20) + 0.5 N(0, 1) of the shop
   + 0.6 N(0, 1) of the product + 0.2 N(0, 1) of its own; its growth is 0.08 + 0.08 N(0, 1) a year, in logarithms.
2. Season. Each shop has a weekly pattern: a common one (Saturday + 0.35, Monday - 0.25 …) + 0.08 N(0, 1) a weekday.
   Each product has a yearly wave of height 0.25 and its own time of year.
3. Price. Each series has a list price; every 28 days its price is set anew, list x exp(0.08 N(0, 1)). In one week of
   eight a product is on promotion in a shop. Both are planned, so known ahead.
4. Holidays. Twelve days a year, the same everywhere, known ahead.
5. sales = round(exp(level + growth + week + year - 1.5 ln(price / list) + 0.40 promotion + 0.30 holiday
   + noise_sd N(0, 1))), never below 0. exp(…) without the noise is the median, so no forecast has a lower expected
   absolute error.

``truth["attainable_mase"]`` is the MASE of that median over the last 42 days, scaled as the forecast protocol does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.tabular.base import Floats, Roles, Rows
from experiments.learning.tabular.keys import DAYS_A_YEAR
from experiments.learning.tabular.synthetic import SyntheticTable

FIRST_DAY = "2023-01-02"
"""A Monday; fixed, so that the same seed gives the same table for ever."""
MOST_ROWS = 2_000_000
TESTED_DAYS = 42
WEEK = (-0.25, -0.15, -0.10, -0.05, 0.15, 0.35, 0.05)
"""Monday to Sunday, in logarithms; sums to 0."""
YEAR_HEIGHT = 0.25
PRICE_ELASTICITY = -1.5
PROMOTION_EFFECT, HOLIDAY_EFFECT = 0.40, 0.30
NOISE_SD = 0.15
HOLIDAYS = ("01-01", "01-06", "03-29", "04-01", "05-01", "05-09", "05-20", "08-15", "10-03", "11-01", "12-25", "12-26")
SHOPS = ("north", "south", "east", "west", "harbour", "station", "market", "airport")
PRODUCTS = ("bread", "coffee", "tea", "cheese", "juice", "soup", "cake", "salad", "pasta", "rice")
COLUMNS = [
    ("day", "datetime", "time", "Day of the sales."),
    ("shop", "category", "series", "Shop."),
    ("product", "category", "series", "Product."),
    ("price", "number", "numeric", "Price of the day; planned, so known ahead."),
    ("promotion", "category", "categorical", "Whether the product is on promotion; planned, so known ahead."),
    ("holiday", "category", "categorical", "Whether it is a public holiday."),
    ("sales", "number", "target", "Pieces sold that day."),
]


@dataclass(frozen=True)
class _Made:
    """Arrays of shape (series, days)."""

    price: Floats
    promotion: Floats
    median: Floats
    sales: Floats


def synthetic(seed: int = 0, *, shops: int = 6, products: int = 6, days: int = 730) -> SyntheticTable:
    """See the module. The same arguments give the same table.

    Raises DatasetError for sizes that do not fit.
    """
    _check(shops, products, days)
    random = np.random.default_rng([seed, 1])
    calendar = pd.date_range(FIRST_DAY, periods=days, freq="D", tz="UTC")
    holiday = np.isin(calendar.strftime("%m-%d").to_numpy(), HOLIDAYS).astype(np.float64)
    made = _make(random, shops, products, calendar, holiday)
    series, day = np.divmod(np.arange(shops * products * days), days)
    shop, product = _names(SHOPS, "shop", shops), _names(PRODUCTS, "product", products)
    frame = pd.DataFrame(
        {
            "day": calendar[day],
            "shop": pd.Series([shop[number] for number in series // products], dtype="str"),
            "product": pd.Series([product[number] for number in series % products], dtype="str"),
            "price": made.price.reshape(-1),
            "promotion": pd.Series(np.where(made.promotion.reshape(-1) > 0, "yes", "no"), dtype="str"),
            "holiday": pd.Series(np.where(holiday[day] > 0, "yes", "no"), dtype="str"),
            "sales": made.sales.reshape(-1),
        }
    )
    roles = Roles(
        time="day",
        target="sales",
        series=("shop", "product"),
        numeric=("price",),
        categorical=("promotion", "holiday"),
    )
    columns = [dict(zip(("name", "type", "role", "description"), row, strict=True)) for row in COLUMNS]
    return SyntheticTable(frame, roles, _truth(made), columns, str(__doc__))


def _make(random: np.random.Generator, shops: int, products: int, calendar: pd.DatetimeIndex, holiday: Floats) -> _Made:
    shop, product = np.divmod(np.arange(shops * products), products)
    count, days = len(shop), len(calendar)
    level = (
        np.log(20.0)
        + 0.5 * random.standard_normal(shops)[shop]
        + 0.6 * random.standard_normal(products)[product]
        + 0.2 * random.standard_normal(count)
    )
    growth = 0.08 + 0.08 * random.standard_normal(count)
    week = np.array(WEEK) + 0.08 * random.standard_normal((shops, 7))
    peak = random.uniform(0, 1, products)
    list_price, price = _prices(random, product, products, days)
    promotion = np.repeat(random.random((count, -(-days // 7))) < 1 / 8, 7, axis=1)[:, :days].astype(np.float64)
    years = np.arange(days) / DAYS_A_YEAR
    median = np.exp(
        level[:, None]
        + growth[:, None] * years
        + week[shop][:, calendar.day_of_week.to_numpy()]
        + YEAR_HEIGHT * np.cos(2 * np.pi * (years - peak[product][:, None]))
        + PRICE_ELASTICITY * np.log(price / list_price[:, None])
        + PROMOTION_EFFECT * promotion
        + HOLIDAY_EFFECT * holiday
    )
    sales = np.round(median * np.exp(NOISE_SD * random.standard_normal((count, days))))
    return _Made(price, promotion, median, sales)


def _prices(random: np.random.Generator, product: Rows, products: int, days: int) -> tuple[Floats, Floats]:
    """List price of each series, and the price of each day, to the cent."""
    count = len(product)
    list_price = np.round(random.uniform(1.5, 9.0, products)[product] * np.exp(0.05 * random.standard_normal(count)), 2)
    moves = np.exp(0.08 * random.standard_normal((count, -(-days // 28))))
    price = np.round(np.repeat(list_price[:, None] * moves, 28, axis=1)[:, :days], 2)
    return list_price, np.maximum(price, 0.01)


def _truth(made: _Made) -> dict[str, Any]:
    known = made.sales[:, :-TESTED_DAYS]
    scale = np.abs(known[:, 7:] - known[:, :-7]).mean(axis=1)
    error = np.abs(made.sales - made.median)[:, -TESTED_DAYS:].mean(axis=1)
    return {
        "price_elasticity": PRICE_ELASTICITY,
        "promotion_effect": PROMOTION_EFFECT,
        "holiday_effect": HOLIDAY_EFFECT,
        "week": list(WEEK),
        "year_height": YEAR_HEIGHT,
        "noise_sd": NOISE_SD,
        "attainable_mase": float((error / scale).mean()),
    }


def _names(known: tuple[str, ...], prefix: str, count: int) -> list[str]:
    if count <= len(known):
        return list(known[:count])
    width = len(str(count))
    return [f"{prefix} {number:0{width}d}" for number in range(1, count + 1)]


def _check(shops: int, products: int, days: int) -> None:
    for name, number, least in (("shops", shops, 1), ("products", products, 1), ("days", days, 2 * TESTED_DAYS)):
        if number < least:
            raise DatasetError(name, "are too few", value=number, accepted=f"{least} or more")
    if shops * products * days > MOST_ROWS:
        rows = f"{shops * products * days:,}"
        raise DatasetError("shops x products x days", "is too much", value=rows, accepted=f"up to {MOST_ROWS:,}")
