"""Two rankers on the items that users judged: condensed lists, made of what has feedback and nothing else.

Feedback exists of what production's version showed. Held against the whole catalogue, every item that only the other
version would show counts as a miss; among judged items both are asked the same question. Source: Sakai, Alternatives to
Bpref, SIGIR 2007. What they do not cure: who chose the items is the older version, so its own order tells little within
them, and a new one is flattered rather than punished (Sakai, CIKM 2008); what nobody was shown is not judged at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.ndcg import ndcg_at_k
from experiments.learning.metrics.rated import rated_lists

K = 10
Ints = NDArray[np.int64]


def both_kinds(user: Ints, liked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows of users who liked some of their items and some not: the order of all others is always right. Shape (n,)."""
    everyone, place = np.unique(user, return_inverse=True)
    likes = np.bincount(place[liked], minlength=len(everyone))
    items = np.bincount(place, minlength=len(everyone))
    found: NDArray[np.bool_] = ((likes > 0) & (likes < items))[place]
    return found


def ndcg_each(
    user: Ints, item: Ints, liked: NDArray[np.bool_], score: NDArray[np.float64], k: int = K
) -> tuple[Ints, NDArray[np.float64]]:
    """(users, NDCG@k of each over the items that he judged), highest score first, of equal ones the lower item code.

    Args: one entry a judged pair, shape (n,). Users without a liked item are left out.
    """
    lists = rated_lists(user, item, liked, score, k)
    return lists.users, ndcg_at_k(lists.hits, lists.relevant, k)
