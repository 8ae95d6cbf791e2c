"""A weighted sum of encoded columns. With no columns it is one number for every row, the simplest model there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape
from experiments.learning.tabular.base import Floats
from experiments.learning.tabular.encoding import Encoder
from experiments.learning.tabular.scorers.links import Link, predicted, require_link


@dataclass(frozen=True)
class LinearScorer:
    """prediction = inverse link of (encoded row · weights + bias); weights of shape (len(encoder.names),)."""

    KIND = "table_linear"

    encoder: Encoder
    weights: Floats
    bias: float
    link: Link = "identity"

    def __post_init__(self) -> None:
        require_link(self.link)
        require_shape("weights", self.weights, (len(self.encoder.names),))
        require_finite("weights", self.weights)
        if self.encoder.missing != "mean":
            raise ScorerError(f"missing is {self.encoder.missing!r}; accepted for a linear model: mean.")
        if not np.isfinite(self.bias):
            raise ScorerError(f"bias is {self.bias}; accepted: a finite number.")

    def predict(self, frame: pd.DataFrame) -> Floats:
        """One finite number a row. Raises TableError naming a missing column or a wrong value."""
        raw: Floats = self.encoder.transform(frame) @ self.weights + self.bias
        return predicted(raw, self.link)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {**self.encoder.arrays(), "weights": self.weights, "bias": np.array([self.bias], dtype=np.float64)}

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "link": self.link, "encoder": self.encoder.config()}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> LinearScorer:
        """Raises ScorerError, or KeyError for what is missing."""
        require_shape("bias", arrays["bias"], (1,))
        return cls(
            encoder=Encoder.rebuild(arrays, config["encoder"]),
            weights=np.asarray(arrays["weights"], dtype=np.float64),
            bias=float(arrays["bias"][0]),
            link=require_link(config["link"]),
        )
