"""EASE (and popularity for users it does not know), the model of the drill's figures: fits in a second."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.item_weights import item_weights
from retraining.drill.stream import Answer, Fit, Floats, Ints, Rows


def ease(regularization: float = 100.0) -> Fit:
    """As it is served: a user's history is that of the training, later events are not known before the next one."""

    def fit(rows: Rows) -> Answer:
        shape = (rows.num_users, rows.num_items)
        history = sparse.csr_array((rows.weight, (rows.user, rows.item)), shape=shape)
        history.sum_duplicates()
        popular: Floats = np.asarray(history.sum(axis=0)).ravel()
        history.data = np.log1p(history.data)
        with one_thread():
            weights = item_weights(history, regularization)
        seen = sparse.csr_array((np.ones(len(rows.seen_user)), (rows.seen_user, rows.seen_item)), shape=shape)

        def answer(users: Ints, k: int) -> Ints:
            mine = history[users]
            scores = np.asarray(mine @ weights, np.float64)
            scores[np.diff(mine.indptr) == 0] = popular
            scores[:, popular == 0] -= 1e6  # nobody liked it: nothing is known of it
            left_out = seen[users].tocoo()
            scores[left_out.row, left_out.col] = -np.inf
            return np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int64)

        return answer

    return fit
