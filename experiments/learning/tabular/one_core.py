"""One thread for the trees of scikit-learn.

Its OpenMP threads wait for each other by spinning: beside a busy web process on two cores, 240 small trees took 22 s
with two threads and 3 s with one. With one, the same seed also gives the same trees on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def one_core() -> Iterator[None]:
    """A context in which OpenMP and BLAS keep to one thread; scikit-learn is loaded first, so that it is found."""
    import sklearn.ensemble  # noqa: F401

    with threadpool_limits(limits=1):
        yield
