"""Contacts with customers whose outcome follows from a documented process with a known effect of each action.

1. A customer has a segment (new, regular, loyal, lapsed), an age (18 to 80), months as a customer, spend of the last
   90 days (log-normal, its level by segment; one in twenty is missing), visits of the last 30 days (Poisson) and a
   region that means nothing. Each is contacted twice, on different days of one year.
2. The action - none, e-mail, call or discount - is drawn for each contact at random with PROPENSITIES, whatever the
   customer: what follows differs by the action alone.
3. log-odds of the outcome = BASE[segment] + 0.5 s + 0.35 v - 0.15 a + EFFECT[action][segment] + SLOPE, where
   s = (log spend - 4) / 1.1, v = (log(1 + visits) - 1.4) / 0.8, a = (age - 44) / 14, and SLOPE is -0.45 s for a
   discount (it moves those who spend little), 0.4 a for a call and 0.5 v for an e-mail. The outcome is a coin with
   that probability.

Truth: a customer's uplift is the difference of probabilities between an action and none; the best policy takes for
each customer the action of the highest probability, and its value is the mean of these probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.tabular.base import Floats, Roles
from experiments.learning.tabular.synthetic import SyntheticTable

LEAST_CUSTOMERS, MOST_CUSTOMERS = 100, 200_000
CONTACTS = 2
DAYS = 365
FIRST_DAY = "2024-01-01"
CONTROL = "none"
PROPENSITIES = {"none": 0.4, "e-mail": 0.25, "call": 0.15, "discount": 0.2}
ACTIONS = tuple(PROPENSITIES)
SEGMENTS = {"new": 0.25, "regular": 0.35, "loyal": 0.2, "lapsed": 0.2}
BASE = {"new": -1.4, "regular": -1.0, "loyal": 0.1, "lapsed": -2.0}
EFFECT: dict[str, dict[str, float]] = {
    "none": {"new": 0.0, "regular": 0.0, "loyal": 0.0, "lapsed": 0.0},
    "e-mail": {"new": 0.5, "regular": 0.3, "loyal": 0.1, "lapsed": 0.2},
    "call": {"new": 0.2, "regular": 0.4, "loyal": -0.6, "lapsed": 1.3},
    "discount": {"new": 1.0, "regular": 0.6, "loyal": 0.0, "lapsed": 0.7},
}
_SPEND_LEVEL = {"new": 3.4, "regular": 4.2, "loyal": 5.0, "lapsed": 2.6}
_VISITS = {"new": 3.0, "regular": 4.0, "loyal": 8.0, "lapsed": 0.7}
_TENURE = {"new": 3.0, "regular": 24.0, "loyal": 48.0, "lapsed": 30.0}
_REGIONS = ("north", "east", "south", "west")
COLUMNS = [
    ("customer", "id", "unit", "Name of the customer; each is contacted twice."),
    ("contacted_at", "time", "time", "Day of the contact."),
    ("segment", "category", "categorical", "new, regular, loyal or lapsed."),
    ("age", "number", "numeric", "Years."),
    ("tenure_months", "number", "numeric", "Months since the first purchase."),
    ("spend_90_days", "number", "numeric", "Spend of the last 90 days; missing for some."),
    ("visits_30_days", "number", "numeric", "Visits of the last 30 days."),
    ("region", "category", "categorical", "Where the customer lives; means nothing."),
    ("action", "category", "action", "What was done: none, e-mail, call or discount."),
    ("bought", "number", "outcome", "1 where the customer bought within two weeks, 0 where not."),
]


def synthetic(seed: int = 0, *, customers: int = 5_000) -> SyntheticTable:
    """See the module. The same arguments give the same table.

    Raises DatasetError for fewer than 100 or more than 200,000 customers.
    """
    if not LEAST_CUSTOMERS <= customers <= MOST_CUSTOMERS:
        accepted = f"{LEAST_CUSTOMERS} to {MOST_CUSTOMERS:,}"
        raise DatasetError("customers", "do not fit", value=customers, accepted=accepted)
    random = np.random.default_rng([seed, 7])
    segment = random.choice(list(SEGMENTS), customers, p=list(SEGMENTS.values()))
    age = np.clip(np.round(random.normal(44, 14, customers)), 18.0, 80.0).astype(np.float64)
    spend = np.asarray(
        np.round(np.exp(_by(segment, _SPEND_LEVEL) + 0.7 * random.standard_normal(customers)), 2), dtype=np.float64
    )
    visits = random.poisson(_by(segment, _VISITS)).astype(np.float64)
    tenure = np.round(random.gamma(3.0, _by(segment, _TENURE) / 3))
    chances = _chances(segment, spend, visits, age)
    row = np.repeat(np.arange(customers), CONTACTS)
    taken = random.choice(len(ACTIONS), len(row), p=list(PROPENSITIES.values()))
    frame = pd.DataFrame(
        {
            "customer": _text([f"c{number:0{len(str(customers))}d}" for number in row + 1]),
            "contacted_at": _days(random, customers),
            "segment": _text(segment[row]),
            "age": age[row],
            "tenure_months": tenure[row],
            "spend_90_days": np.where(random.random(customers) < 0.05, np.nan, spend)[row],
            "visits_30_days": visits[row],
            "region": _text(random.choice(_REGIONS, customers)[row]),
            "action": _text(np.array(ACTIONS)[taken]),
            "bought": (random.random(len(row)) < chances[row, taken]).astype(np.float64),
        }
    )
    return SyntheticTable(frame, _roles(), _truth(segment, chances), _columns(), str(__doc__))


def probabilities(frame: pd.DataFrame) -> Floats:
    """True P(outcome) of each row under each of ACTIONS, shape (rows, 4); NaN where the spend is hidden."""
    columns = (frame[name].to_numpy(np.float64) for name in ("spend_90_days", "visits_30_days", "age"))
    return _chances(frame["segment"].to_numpy(dtype=object), *columns)


def _chances(segment: NDArray[Any], spend: Floats, visits: Floats, age: Floats) -> Floats:
    s, v, a = (np.log(spend) - 4) / 1.1, (np.log1p(visits) - 1.4) / 0.8, (age - 44) / 14
    common = _by(segment, BASE) + 0.5 * s + 0.35 * v - 0.15 * a
    slopes: dict[str, Any] = {"none": 0.0, "e-mail": 0.5 * v, "call": 0.4 * a, "discount": -0.45 * s}
    odds = np.stack([common + _by(segment, EFFECT[name]) + slopes[name] for name in ACTIONS], axis=1)
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float64)


def _by(segment: NDArray[Any], values: dict[str, float]) -> Floats:
    return np.array([values[name] for name in segment], dtype=np.float64)


def _text(values: Any) -> pd.Series[Any]:
    return pd.Series([str(value) for value in values], dtype="str")


def _days(random: np.random.Generator, customers: int) -> pd.DatetimeIndex:
    """Each customer's contacts on different days, the earlier one first."""
    first = random.integers(0, DAYS - 30, customers)
    second = first + random.integers(1, 30, customers)
    days = np.stack([first, second], axis=1).reshape(-1)
    return pd.to_datetime(FIRST_DAY, utc=True) + pd.to_timedelta(days, unit="D")


def _roles() -> Roles:
    return Roles(
        time="contacted_at",
        action="action",
        control=CONTROL,
        outcome="bought",
        unit="customer",
        numeric=("age", "tenure_months", "spend_90_days", "visits_30_days"),
        categorical=("segment", "region"),
    )


def _truth(segment: NDArray[Any], chances: Floats) -> dict[str, Any]:
    """Over the customers of the table: values of policies, and uplift of each action, of all and by segment."""
    values = chances.mean(axis=0)
    uplift = chances[:, 1:] - chances[:, :1]
    shares = np.array(list(PROPENSITIES.values()))
    entropy = -(chances * np.log(chances) + (1 - chances) * np.log(1 - chances))
    return {
        "propensities": dict(PROPENSITIES),
        "value_of_each_action": dict(zip(ACTIONS, values.tolist(), strict=True)),
        "value_as_assigned": float(values @ shares),
        "best_policy_value": float(chances.max(axis=1).mean()),
        "best_action_shares": {
            name: float((chances.argmax(axis=1) == place).mean()) for place, name in enumerate(ACTIONS)
        },
        "uplift": {
            name: {
                "all": float(uplift[:, place].mean()),
                **{kind: float(uplift[segment == kind, place].mean()) for kind in SEGMENTS if (segment == kind).any()},
            }
            for place, name in enumerate(ACTIONS[1:])
        },
        "best_log_loss": float((entropy @ shares).mean()),
    }


def _columns() -> list[dict[str, str]]:
    return [
        {"name": name, "type": kind, "role": role, "description": description}
        for name, kind, role, description in COLUMNS
    ]
