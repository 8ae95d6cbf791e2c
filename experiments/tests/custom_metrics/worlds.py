"""Users to compute metrics of: small enough to check by hand, with everything that may be missing."""

from __future__ import annotations

import numpy as np

from experiments.learning.custom_metrics import UserTables
from experiments.learning.custom_metrics.tables import UserTable

NAN = float("nan")
CATALOGUE = {
    1: {"ndcg_at_10": 0.5, "first_rank": 1.0, "relevant": 5.0, "hits_at_10": 2.0, "new_users": 1.0},
    2: {"ndcg_at_10": NAN, "first_rank": 9.0, "relevant": 0.0, "hits_at_10": 0.0, "new_users": 0.0},
    3: {"ndcg_at_10": 0.2, "first_rank": 4.0, "relevant": 6.0, "hits_at_10": 1.0, "new_users": 0.0},
    5: {"ndcg_at_10": 0.0, "first_rank": 80.0, "relevant": 1.0, "hits_at_10": 0.0, "new_users": 1.0},
}
RATED = {
    2: {"ndcg_at_10": 0.8, "relevant": 3.0, "hits_at_10": 2.0},
    3: {"ndcg_at_10": 0.6, "relevant": 4.0, "hits_at_10": 4.0},
    4: {"ndcg_at_10": 0.7, "relevant": 2.0, "hits_at_10": 1.0},
}
METRICS = {("rated", "f1_at_10"): 0.75, ("pointwise", "rmse"): 0.9, ("catalogue", "ndcg_at_10"): None}


def tables(catalogue=None, rated=None) -> UserTables:
    """From {user: {column: value}}; users are handed over in no order."""
    made = {"catalogue": CATALOGUE if catalogue is None else catalogue, "rated": RATED if rated is None else rated}
    stored = {name for users in made.values() for row in users.values() for name in row}
    return UserTables({key: _table(users) for key, users in made.items()}, frozenset(stored | {"segment"}))


def _table(users) -> UserTable:
    codes = list(users)[::-1]
    names = next(iter(users.values()), {})
    columns = {name: np.array([users[code][name] for code in codes]) for name in names}
    return UserTable.of(np.array(codes, dtype=np.int64), columns)
