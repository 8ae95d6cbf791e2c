"""What is told of elasticities: their mean and each product's own, with intervals. JSON-able, for pages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.pricing.sales import Sales

LEVEL = 0.95
NORMAL = 1.959963984540054
"""Quantile of the normal distribution that leaves 2.5 % above it."""
SHOWN_PRODUCTS = 200


def elasticities(
    sales: Sales,
    own: Floats,
    error: Floats | None,
    *,
    mean: float,
    mean_error: float | None,
    method: str,
    fallback: NDArray[np.bool_],
) -> dict[str, Any]:
    """Mean and products, those that sell most first, at most ``SHOWN_PRODUCTS``.

    Args:
        own, error: elasticity of each product and its standard error, shape (products,).
        mean, mean_error: of their mean. Without standard errors (None) there are no intervals: low and high are None.
        fallback: products that take the common elasticity, as they were sold at one price only.
    """
    names = sales.products.names
    rows = np.bincount(sales.code, minlength=len(names))
    sold = np.bincount(sales.code, sales.quantity, len(names))
    order = np.argsort(-sold, kind="stable")[:SHOWN_PRODUCTS] if names != ("",) else np.empty(0, np.int64)
    return {
        "mean": mean,
        **_interval(mean, mean_error),
        "level": LEVEL,
        "method": method,
        "products_counted": len(names),
        "one_price_only": int(fallback.sum()),
        "products": [
            {
                "name": names[place],
                "elasticity": float(own[place]),
                **_interval(float(own[place]), None if error is None else float(error[place])),
                "rows": int(rows[place]),
                "own": not bool(fallback[place]),
                "note": ONE_PRICE if fallback[place] else "",
            }
            for place in order
        ],
    }


ONE_PRICE = "Sold at one price only: takes the elasticity common to all products."


def _interval(value: float, error: float | None) -> dict[str, float | None]:
    if error is None:
        return {"low": None, "high": None}
    return {"low": value - NORMAL * error, "high": value + NORMAL * error}
