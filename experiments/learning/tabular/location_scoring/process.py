"""Places whose sales follow from what is around them, by a documented process with known truth.

1. A region 100 km wide with twelve towns. Three places in five lie around a town's centre (normally, 3 km), two
   anywhere.
2. Kind of area from the distance d to the nearest centre, jittered: centre (below 1.5 km), high street (3.5),
   residential (8), industrial (14), rural (beyond).
3. income, thousand a year: 32 + kind's level + N(0, 6); two in a hundred are missing.
   footfall, hundred visitors a day: log-normal, falling with d. parking, spaces: Poisson, rising with d.
   competitors: shops of others within 1 km, counted among points that lie as the places do.
4. sales, thousand a month = intercept + sum of coefficient x feature + effect of the kind + field_sd x field(place)
   + noise_sd x N(0, 1).

The field is random Fourier features of a Gaussian process with a Gaussian kernel of length 4 km (Rahimi and Recht,
NIPS 2007), variance 1. It is in no column: near places share it, so a model that remembers places looks
better on places in between than it is on land that it does not know. Knowing all but the field, no model is better
than sqrt(noise_sd^2 + field_sd^2); knowing the field too, noise_sd.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.tabular.base import Floats, Roles
from experiments.learning.tabular.blocks import KM_A_DEGREE
from experiments.learning.tabular.synthetic import SyntheticTable

MOST_PLACES = 200_000
LATITUDE, LONGITUDE = 50.0, 10.0
"""Of the region's middle."""
WIDTH_KM = 100.0
CENTRES = 12
FIELD_LENGTH_KM = 4.0
KINDS = ("centre", "high street", "residential", "industrial", "rural")
_KIND_UP_TO_KM = (1.5, 3.5, 8.0, 14.0)
_INCOME_OF_KIND = (6.0, 3.0, 4.0, -5.0, -2.0)
INTERCEPT = 60.0
COEFFICIENTS = {"income": 1.5, "footfall": 2.0, "competitors": -4.0, "parking": 0.2}
KIND_EFFECTS = {"centre": 18.0, "high street": 10.0, "residential": 0.0, "industrial": -8.0, "rural": -14.0}
FIELD_SD, NOISE_SD = 12.0, 10.0
_ROWS = 10_000
"""Places that are worked on at a time."""
COLUMNS = [
    ("place", "id", "", "Name of the place."),
    ("latitude", "number", "latitude", "Degrees north."),
    ("longitude", "number", "longitude", "Degrees east."),
    ("income", "number", "numeric", "Mean income around the place, thousand a year; missing for some."),
    ("footfall", "number", "numeric", "People passing by, hundred a day."),
    ("competitors", "number", "numeric", "Shops of others within 1 km."),
    ("parking", "number", "numeric", "Parking spaces nearby."),
    ("kind", "category", "categorical", "Kind of area: centre, high street, residential, industrial or rural."),
    ("sales", "number", "target", "Sales, thousand a month."),
]


def synthetic(seed: int = 0, *, places: int = 1_500) -> SyntheticTable:
    """See the module. The same arguments give the same table.

    Raises DatasetError for fewer than 50 or more than 200,000 places.
    """
    if not 50 <= places <= MOST_PLACES:
        raise DatasetError("places", "do not fit", value=places, accepted=f"50 to {MOST_PLACES:,}")
    random = np.random.default_rng([seed, 5])
    centres = random.uniform(-0.4, 0.4, (CENTRES, 2)) * WIDTH_KM
    where = _scattered(random, centres, places)
    distance = _to_nearest(where, centres)
    kind = np.digitize(distance * np.exp(0.25 * random.standard_normal(places)), _KIND_UP_TO_KM)
    features = {
        "income": 32 + np.array(_INCOME_OF_KIND)[kind] + 6 * random.standard_normal(places),
        "footfall": np.exp(2.4 - 0.12 * distance + 0.5 * random.standard_normal(places)),
        "competitors": _within_1_km(where, _scattered(random, centres, 800)).astype(np.float64),
        "parking": random.poisson(10 + 4 * np.minimum(distance, 15)).astype(np.float64),
    }
    sales = (
        INTERCEPT
        + sum(COEFFICIENTS[name] * values for name, values in features.items())
        + np.array([KIND_EFFECTS[name] for name in KINDS])[kind]
        + FIELD_SD * _field(random, where, FIELD_LENGTH_KM)
        + NOISE_SD * random.standard_normal(places)
    )
    features["income"] = np.where(random.random(places) < 0.02, np.nan, features["income"])
    return SyntheticTable(_frame(where, features, kind, sales), _roles(), _truth(), _columns(), str(__doc__))


def _scattered(random: np.random.Generator, centres: Floats, count: int) -> Floats:
    """Kilometres east and north of the middle, shape (count, 2), within the region."""
    near = centres[random.integers(0, len(centres), count)] + 3 * random.standard_normal((count, 2))
    anywhere = random.uniform(-0.5, 0.5, (count, 2)) * WIDTH_KM
    where = np.where((random.random(count) < 0.6)[:, None], near, anywhere)
    return np.asarray(np.clip(where, -WIDTH_KM / 2, WIDTH_KM / 2), dtype=np.float64)


def _to_nearest(where: Floats, centres: Floats) -> Floats:
    return np.asarray(np.linalg.norm(where[:, None] - centres[None], axis=2).min(axis=1), dtype=np.float64)


def _within_1_km(where: Floats, others: Floats) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = np.zeros(len(where), np.int64)
    for start in range(0, len(where), _ROWS):
        part = where[start : start + _ROWS]
        counts[start : start + _ROWS] = (np.linalg.norm(part[:, None] - others[None], axis=2) <= 1).sum(axis=1)
    return counts


def _field(random: np.random.Generator, where: Floats, length_km: float) -> Floats:
    """A smooth function of the place: mean 0, variance 1 over what could have been drawn, then exactly 1 here."""
    waves = 300
    frequency = random.standard_normal((2, waves)) / length_km
    phase = random.uniform(0, 2 * math.pi, waves)
    values = np.concatenate(
        [
            math.sqrt(2 / waves) * np.cos(where[start : start + _ROWS] @ frequency + phase).sum(axis=1)
            for start in range(0, len(where), _ROWS)
        ]
    )
    return np.asarray((values - values.mean()) / values.std(), dtype=np.float64)


def _frame(where: Floats, features: dict[str, Floats], kind: NDArray[np.int64], sales: Floats) -> pd.DataFrame:
    width = len(str(len(where)))
    shrunk = KM_A_DEGREE * np.cos(np.radians(LATITUDE))
    return pd.DataFrame(
        {
            "place": pd.Series([f"p{number:0{width}d}" for number in range(1, len(where) + 1)], dtype="str"),
            "latitude": np.round(LATITUDE + where[:, 1] / KM_A_DEGREE, 6),
            "longitude": np.round(LONGITUDE + where[:, 0] / shrunk, 6),
            "income": np.round(features["income"], 2),
            "footfall": np.round(features["footfall"], 2),
            "competitors": features["competitors"],
            "parking": features["parking"],
            "kind": pd.Series(np.array(KINDS)[kind].tolist(), dtype="str"),
            "sales": np.round(sales, 3),
        }
    )


def _roles() -> Roles:
    return Roles(
        latitude="latitude",
        longitude="longitude",
        target="sales",
        numeric=tuple(COEFFICIENTS),
        categorical=("kind",),
    )


def _truth() -> dict[str, Any]:
    return {
        "intercept": INTERCEPT,
        "coefficients": dict(COEFFICIENTS),
        "kind_effects": dict(KIND_EFFECTS),
        "noise_sd": NOISE_SD,
        "field_sd": FIELD_SD,
        "field_length_km": FIELD_LENGTH_KM,
        "best_rmse": NOISE_SD,
        "best_rmse_on_unknown_land": math.hypot(NOISE_SD, FIELD_SD),
    }


def _columns() -> list[dict[str, str]]:
    return [
        {"name": name, "type": kind, "role": role, "description": description}
        for name, kind, role, description in COLUMNS
    ]
