"""Models of demand as plain arrays. All answer rows with price, product and their features; quantity is not needed.

A price that is missing or not above 0 is refused. A product never seen answers as the average product does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import require_finite, require_shape
from experiments.learning.tabular.base import Floats, Rows
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.keys import codes_of, pack, unpack
from experiments.learning.tabular.pricing.context import Context
from experiments.learning.tabular.pricing.sales import Products, log_prices, product_labels
from experiments.learning.tabular.scorers.links import predicted
from experiments.learning.tabular.scorers.trees import TreesScorer

_INNER = "inner_"
PRICE, MOVE, USUAL, LEVEL = "log price", "log price against its mean", "mean log price", "log mean quantity"


@dataclass(frozen=True)
class MeanDemandScorer:
    """Mean quantity of the product, whatever the price; of a product never seen the mean of all rows."""

    KIND = "demand_mean"

    names: tuple[str, ...]
    mean: Floats
    product: str

    def __post_init__(self) -> None:
        require_shape("mean", self.mean, (len(self.names) + 1,))
        require_finite("mean", self.mean)

    def predict(self, frame: pd.DataFrame) -> Floats:
        return np.asarray(self.mean[codes_of(product_labels(frame, self.product), self.names)])

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"product_names": pack(self.names), "mean": self.mean}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "product": self.product}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> MeanDemandScorer:
        return cls(unpack(arrays["product_names"]), arrays["mean"], str(config["product"]))


@dataclass(frozen=True)
class ElasticityScorer:
    """exp(offset + elasticity x (ln price - its mean) + context), offset and elasticity being the product's own.

    ``offset`` and ``elasticity`` have shape (products + 1,), the last for products never seen; gamma has a weight for
    each column of ``encoder``.
    """

    KIND = "demand_elasticity"

    products: Products
    context: Context
    encoder: Encoder
    offset: Floats
    elasticity: Floats
    gamma: Floats
    price: str
    product: str

    def __post_init__(self) -> None:
        for name in ("offset", "elasticity"):
            require_shape(name, getattr(self, name), (len(self.products.names) + 1,))
            require_finite(name, getattr(self, name))
        require_shape("gamma", self.gamma, (len(self.encoder.names),))
        require_finite("gamma", self.gamma)

    def predict(self, frame: pd.DataFrame) -> Floats:
        code = codes_of(product_labels(frame, self.product), self.products.names)
        move = log_prices(frame, self.price) - self.products.log_price[code]
        context = self.encoder.transform(self.context.table(frame, code)) @ self.gamma
        return predicted(self.offset[code] + self.elasticity[code] * move + context, "log")

    def arrays(self) -> dict[str, NDArray[Any]]:
        own = {"offset": self.offset, "elasticity": self.elasticity, "gamma": self.gamma}
        return {**self.products.arrays(), **self.context.arrays(), **self.encoder.arrays(), **own}

    def config(self) -> dict[str, Any]:
        encoder = {"encoder": self.encoder.config()}
        return {"kind": self.KIND, "price": self.price, "product": self.product, **self.context.config(), **encoder}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> ElasticityScorer:
        return cls(
            products=Products.rebuild(arrays),
            context=Context.rebuild(arrays, config),
            encoder=Encoder.rebuild(arrays, config["encoder"]),
            offset=arrays["offset"],
            elasticity=arrays["elasticity"],
            gamma=arrays["gamma"],
            price=str(config["price"]),
            product=str(config["product"]),
        )


@dataclass(frozen=True)
class BoostedDemandScorer:
    """The product's level times what trees make of price and context (``boosted_table``)."""

    KIND = "demand_boosted"

    products: Products
    context: Context
    inner: TreesScorer
    price: str
    product: str

    def predict(self, frame: pd.DataFrame) -> Floats:
        code = codes_of(product_labels(frame, self.product), self.products.names)
        table = boosted_table(self.products, self.context, frame, code, log_prices(frame, self.price))
        return np.asarray(self.inner.predict(table) * self.products.level[code], dtype=np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        inner = {_INNER + name: array for name, array in self.inner.arrays().items()}
        return {**self.products.arrays(), **self.context.arrays(), **inner}

    def config(self) -> dict[str, Any]:
        inner = {"inner": self.inner.config()}
        return {"kind": self.KIND, "price": self.price, "product": self.product, **self.context.config(), **inner}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> BoostedDemandScorer:
        inner = {name.removeprefix(_INNER): array for name, array in arrays.items() if name.startswith(_INNER)}
        return cls(
            products=Products.rebuild(arrays),
            context=Context.rebuild(arrays, config),
            inner=TreesScorer.load(inner, config["inner"]),
            price=str(config["price"]),
            product=str(config["product"]),
        )


def boosted_table(
    products: Products, context: Context, frame: pd.DataFrame, code: Rows, log_price: Floats
) -> pd.DataFrame:
    """Features of boosted demand: the context, the price, and how it stands against the product's own."""
    table = context.table(frame, code)
    table[PRICE] = log_price
    table[MOVE] = log_price - products.log_price[code]
    table[USUAL] = products.log_price[code]
    table[LEVEL] = np.log(products.level[code])
    return table
