"""One thread for boosted trees.

OpenMP's threads wait for each other by spinning: of tables of some thousand rows that gains little, and on a machine
whose other cores are busy a fit takes a hundred times as long (6.5 s instead of 0.06 s, two cores shared with others).
With one thread, sums do not depend on the number of cores either.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]


def one_thread() -> AbstractContextManager[Any]:
    """A context in which scikit-learn's trees and NumPy's linear algebra keep to one thread."""
    import sklearn.ensemble  # noqa: F401 - its library has to be loaded before it can be found

    limit: AbstractContextManager[Any] = ThreadpoolController().limit(limits=1)
    return limit
