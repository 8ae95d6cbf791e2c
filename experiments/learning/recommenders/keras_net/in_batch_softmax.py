"""In-batch sampled softmax with log-Q correction (Yi et al., RecSys 2019).

A batch's rows are (user, item) pairs, and every row's item is a candidate for every row. Frequent items are candidates
more often, which s − log q undoes, q being the share of training rows that an item has. A candidate that is the row's
own item under another row, or another item that its user likes (accidental hits), is left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from experiments.learning.recommenders.keras_net.backend import tf

_NEVER = -1e9


class Candidates(NamedTuple):
    """The distinct items of a batch (m,), how often each is in it (m,), and the place of each row's item (n,)."""

    items: Any
    times: Any
    own: Any


def candidates(item: Any) -> Candidates:
    """Of the items (n,) of a batch's rows."""
    distinct, own, times = tf.unique_with_counts(item)
    return Candidates(distinct, tf.cast(times, tf.float32), own)


def losses(scores: Any, found: Candidates, log_q: Any, liked: Any) -> Any:
    """−ln of the share of each row's own item among the batch's candidates, shape (n,).

    ``scores`` (n, m) are of the distinct candidates: an item that k other rows have counts k times in the sum, which
    adding ln k to its score does exactly. ``log_q`` (m,); ``liked`` (n, m): what the row's user likes.
    """
    own = tf.one_hot(found.own, tf.shape(found.items)[0], on_value=True, off_value=False, dtype=tf.bool)
    corrected = scores - log_q
    competing = tf.where(own, corrected, corrected + tf.math.log(found.times))
    competing = tf.where(tf.logical_and(liked, tf.logical_not(own)), _NEVER, competing)
    return tf.reduce_logsumexp(competing, axis=1) - tf.reduce_sum(tf.where(own, corrected, 0.0), axis=1)
