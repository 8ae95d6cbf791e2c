"""Demand and revenue of a product over the prices it was sold at, everything else being as usual."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.tabular.base import Roles, TableScorer
from experiments.learning.tabular.columns import numbers, times
from experiments.learning.tabular.pricing.sales import product_labels, quantities

SHOWN_PRODUCTS, PRICES = 6, 25


def demand_curves(scorer: TableScorer, frame: pd.DataFrame, roles: Roles) -> list[dict[str, Any]]:
    """Of the products that sold most in these rows: prices, predicted quantity, revenue = price x quantity, best price.

    The row that is asked about has the product's newest time, median numbers and most frequent kinds. Prices span those
    that were charged, so nothing is extrapolated; ``at_edge`` says that revenue was still rising there, so the best
    price may lie beyond what was ever tried. Products with one price have no curve.
    """
    found = product_labels(frame, roles.product)
    sold = pd.Series(quantities(frame, roles.quantity)).groupby(found).sum().sort_values(ascending=False, kind="stable")
    curves = []
    for name in sold.index:
        rows = frame.iloc[np.flatnonzero(found == name)]
        prices = numbers(rows, roles.price)
        if prices.max() > prices.min():
            curves.append(_curve(scorer, rows, roles, str(name), np.linspace(prices.min(), prices.max(), PRICES)))
        if len(curves) == SHOWN_PRODUCTS:
            break
    return curves


def _curve(scorer: TableScorer, rows: pd.DataFrame, roles: Roles, name: str, prices: Any) -> dict[str, Any]:
    asked = pd.concat([_usual(rows, roles)] * len(prices), ignore_index=True)
    asked[roles.price] = prices
    quantity = scorer.predict(asked)
    revenue = prices * quantity
    best = int(np.argmax(revenue))
    return {
        "product": name or "all",
        "price": [float(price) for price in prices],
        "quantity": [float(value) for value in quantity],
        "revenue": [float(value) for value in revenue],
        "usual_price": float(np.median(numbers(rows, roles.price))),
        "best_price": float(prices[best]),
        "best_revenue": float(revenue[best]),
        "at_edge": best in (0, len(prices) - 1),
    }


def _usual(rows: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """One row: newest time, median of each number, most frequent kind."""
    newest = int(times(rows, roles.time).argmax()) if roles.time else 0
    usual = rows.iloc[[newest]].copy()
    for name in roles.numeric:
        if name not in (roles.price, roles.quantity, roles.time, roles.product):
            values = numbers(rows, name)
            usual[name] = float(np.nanmedian(values)) if not np.isnan(values).all() else np.nan
    for name in roles.categorical:
        if name not in (roles.price, roles.quantity, roles.time, roles.product):
            kinds = rows[name].mode()
            usual[name] = kinds.iloc[0] if len(kinds) else rows[name].iloc[0]
    return usual
