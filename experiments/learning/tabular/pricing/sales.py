"""Rows of prices and quantities as arrays, and the products they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import require_finite, require_shape
from experiments.learning.tabular.base import Floats, Roles, Rows, TableError, TablePart, TabularData
from experiments.learning.tabular.columns import known_numbers
from experiments.learning.tabular.keys import codes_of, distinct, labels, pack, unpack


def log_prices(frame: pd.DataFrame, column: str) -> Floats:
    """Natural logarithms, shape (n,). Raises TableError for a price that is missing or not above 0."""
    prices = known_numbers(frame, column)
    _refuse(column, prices, prices <= 0, "a price above 0")
    return np.asarray(np.log(prices), dtype=np.float64)


def quantities(frame: pd.DataFrame, column: str) -> Floats:
    """Shape (n,). Raises TableError for a quantity that is missing or below 0."""
    sold = known_numbers(frame, column)
    _refuse(column, sold, sold < 0, "a quantity of 0 or more")
    return sold


def known(data: TabularData, part: TablePart) -> pd.DataFrame:
    """Rows to learn from: training and validation rows, in the order of the table."""
    return data.frame.iloc[np.sort(np.concatenate([part.train, part.validation]))]


@dataclass(frozen=True)
class Products:
    """What training knew of each product; entries of shape (products + 1,), the last for one never seen.

    Attributes:
        names: labels, sorted.
        log_price: mean logarithm of the price; of one never seen, the mean of the products.
        level: mean quantity, drawn a little to the mean of all (as if by one more row of it) so that it is above 0.
    """

    names: tuple[str, ...]
    log_price: Floats
    level: Floats

    @classmethod
    def of(cls, names: tuple[str, ...], code: Rows, log_price: Floats, quantity: Floats) -> Products:
        """Raises TableError where nothing was ever sold."""
        if not quantity.sum() > 0:
            raise TableError("Every quantity to learn from is 0; accepted: at least one above 0.")
        count = np.bincount(code, minlength=len(names))
        mean_price = np.bincount(code, log_price, len(names)) / count
        overall = float(quantity.mean())
        level = (np.bincount(code, quantity, len(names)) + overall) / (count + 1)
        return cls(names, np.append(mean_price, mean_price.mean()), np.append(level, overall))

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"product_names": pack(self.names), "product_log_price": self.log_price, "product_level": self.level}

    @classmethod
    def rebuild(cls, arrays: Mapping[str, NDArray[Any]]) -> Products:
        """Raises ScorerError for arrays that do not fit together, KeyError for one that is missing."""
        names = unpack(arrays["product_names"])
        for name in ("product_log_price", "product_level"):
            require_shape(name, arrays[name], (len(names) + 1,))
            require_finite(name, arrays[name])
        return cls(names, arrays["product_log_price"], arrays["product_level"])


@dataclass(frozen=True)
class Sales:
    """Rows to learn from, shapes (n,); ``code`` is the place of each row's product among ``products.names``."""

    products: Products
    code: Rows
    log_price: Floats
    quantity: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame, roles: Roles) -> Sales:
        """Without a product role all rows are of one product.

        Raises:
            TableError: a price is not above 0, a quantity is below 0, one is missing, or nothing was ever sold.
        """
        found = product_labels(frame, roles.product)
        names = distinct(found)
        code = codes_of(found, names)
        log_price, quantity = log_prices(frame, roles.price), quantities(frame, roles.quantity)
        return cls(Products.of(names, code, log_price, quantity), code, log_price, quantity)

    @property
    def price_move(self) -> Floats:
        """ln(price) less its mean of the product, shape (n,)."""
        return self.log_price - self.products.log_price[self.code]

    def varies(self) -> NDArray[np.bool_]:
        """Which products were sold at two or more prices, shape (products,)."""
        names = len(self.products.names)
        lowest, highest = np.full(names, np.inf), np.full(names, -np.inf)
        np.minimum.at(lowest, self.code, self.log_price)
        np.maximum.at(highest, self.code, self.log_price)
        return np.asarray(highest - lowest > 1e-9)


def product_labels(frame: pd.DataFrame, product: str) -> Any:
    """Label of each row's product, shape (n,); "" where there is no product role."""
    return labels(frame, [product] if product else [])


def _refuse(column: str, values: Floats, wrong: NDArray[np.bool_], accepted: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        more = f" (and in {len(rows) - 1:,} more)" if len(rows) > 1 else ""
        raise TableError(f"{column} is {values[rows[0]]:g} in row {rows[0] + 1}{more}. Accepted: {accepted}.")
