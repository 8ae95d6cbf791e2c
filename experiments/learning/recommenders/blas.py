"""One thread for many small matrix products.

OpenBLAS splits even small products over all cores and waits for each. That gains nothing here (all users against
all items of MovieLens 100k: 0.34 s with one thread, 0.44 s with two) and loses seconds when the other core is busy;
and with one thread sums do not depend on the number of cores.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


def one_thread() -> AbstractContextManager[Any]:
    """A context in which NumPy's linear algebra keeps to one thread."""
    limit: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limit


@cache
def _controller() -> ThreadpoolController:
    import numpy.linalg  # noqa: F401 - its library has to be loaded before it can be found

    return ThreadpoolController()
